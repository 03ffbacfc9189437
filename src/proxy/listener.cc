#include "proxy/listener.h"

#include "proxy/session.h"

namespace sluice::proxy {
namespace {

constexpr auto kTurnAway = std::chrono::milliseconds(500);

// The request has not been read, so this is all that can be said: no id, no route.
constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Type: application/problem+json\r\n"
    "Proxy-Status: sluice; error=connection_limit_reached; details=\"connection_limit\"\r\n"
    "Retry-After: 1\r\n"
    "Connection: close\r\n"
    "Content-Length: 173\r\n\r\n"
    "{\"status\":503,\"type\":\"urn:sluice:reason:connection_limit\",\"title\":\"Too many connections\","
    "\"detail\":\"The listener's connection limit is reached.\",\"reason\":\"connection_limit\"}\n";

}  // namespace

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
    serve(std::move(*transport));
  }
  acceptor_.reset();
}

void Listener::serve(std::unique_ptr<net::Transport> transport) {
  if (plan_->connections->take()) {
    tasks_.spawn(Session::run(std::make_unique<Session>(*this, std::move(transport))));
  } else {
    tasks_.spawn(turn_away(std::move(transport)));
  }
}

// A session is over.
void Listener::ended(telemetry::ConnectionEnd how) noexcept {
  plan_->connections->give();
  metrics_.ended(how);
}

// Says why before it closes; a client that does not take it at once goes without.
Task<void> Listener::turn_away(std::unique_ptr<net::Transport> transport) {
  Slice refusal = kTooManyConnections;
  net::Deadline deadline(loop_);
  deadline.set(*transport, loop_.now() + kTurnAway);
  if (co_await transport->write({&refusal, 1})) {
    transport->shutdown_write();
    for (;;) {
      auto rest = co_await transport->read();
      if (!rest || rest->empty()) break;
    }
  }
  metrics_.ended(telemetry::ConnectionEnd::over_limit);
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
