#include "proxy/listener.h"

#include "proxy/session.h"

namespace sluice::proxy {

Listener::Listener(net::Loop& loop, std::shared_ptr<const ListenerPlan> plan,
                   telemetry::ListenerMetrics& metrics, ExchangePool& exchanges,
                   std::shared_ptr<Gateway> gateway)
    : loop_(loop),
      plan_(std::move(plan)),
      metrics_(metrics),
      exchanges_(exchanges),
      gateway_(std::move(gateway)) {}

Listener::~Listener() = default;

Task<void> Listener::run(std::unique_ptr<net::Acceptor> acceptor) {
  acceptor_ = std::move(acceptor);
  for (;;) {
    auto transport = co_await acceptor_->accept();
    if (!transport) {
      if (transport.error().fault == Fault::cancelled) break;
      metrics_.accept_errors.add();
      continue;
    }
    metrics_.opened();
    tasks_.spawn(serve(std::move(*transport)));
  }
  acceptor_.reset();
}

Task<void> Listener::serve(std::unique_ptr<net::Transport> transport) {
  auto end = telemetry::ConnectionEnd::over_limit;
  if (plan_->connections->take()) {
    Session session(*this, std::move(transport));
    sessions_.push_back(session);
    end = co_await session.run();
    plan_->connections->give();
  } else {
    transport->abort(Fault::cancelled, true);
  }
  metrics_.ended(end);
}

void Listener::stop() noexcept {
  stopping_ = true;
  if (acceptor_) acceptor_->stop();
  sessions_.each([](Session& session) { session.stop(); });
}

void Listener::abort() noexcept {
  sessions_.each([](Session& session) { session.abort(); });
}

}  // namespace sluice::proxy
