#include "proxy/listener.h"

#include <string>

#include "codec/h1/serialise.h"
#include "net/proxied_transport.h"
#include "net/tls/tls_transport.h"
#include "proxy/h2_session.h"
#include "proxy/session.h"

namespace sluice::proxy {
namespace {

constexpr auto kTurnAway = std::chrono::seconds(2);

telemetry::ConnectionEnd end_of_refused(http::Reason why) {
  return why == http::Reason::memory_pressure ? telemetry::ConnectionEnd::memory_pressure
                                              : telemetry::ConnectionEnd::over_limit;
}

}  // namespace

Listener::Listener(net::Loop& loop, std::shared_ptr<const ListenerPlan> plan,
                   telemetry::ListenerMetrics& metrics, ExchangePool& exchanges, Gateway& gateway)
    : loop_(loop), plan_(std::move(plan)), metrics_(metrics), exchanges_(exchanges), gateway_(gateway) {}

Listener::~Listener() = default;

// A connection that has no session yet: it has a time limit, and stop() breaks it.
class Listener::Opening : public ListHook<> {
 public:
  Opening(Listener& listener, net::Transport& transport, Duration patience)
      : transport_(transport), deadline_(listener.loop_) {
    listener.openings_.push_back(*this);
    deadline_.set(transport, listener.loop_.now() + patience);
  }
  void abort() noexcept { transport_.abort(Fault::cancelled); }

 private:
  net::Transport& transport_;
  net::Deadline deadline_;
};

void Listener::not_accepted(const Error& error) {
  metrics_.accept_errors.add();
  if (error.fault == Fault::no_descriptors) report_no_descriptors();
}

void Listener::take(std::unique_ptr<net::Transport> transport) {
  metrics_.opened();
  if (gateway_.memory_is_short()) {
    refuse(std::move(transport), http::Reason::memory_pressure);
  } else if (!plan_->counts->connections.take()) {
    refuse(std::move(transport), http::Reason::connection_limit);
  } else if (plan_->proxy_protocol) {
    tasks_.spawn(take_proxy_header(std::move(transport)));
  } else {
    welcome(std::move(transport));
  }
}

Task<void> Listener::take_proxy_header(std::unique_ptr<net::Transport> transport) {
  using telemetry::ConnectionEnd;
  if (!plan_->trusts || !plan_->trusts(transport->peer())) co_return closed(ConnectionEnd::malformed);
  auto opening = std::make_unique<Opening>(*this, *transport, plan_->limits.header_timeout);
  auto proxied = co_await net::ProxiedTransport::accept(std::move(transport));
  opening.reset();
  if (!proxied) {
    const auto fault = proxied.error().fault;
    co_return closed(fault == Fault::malformed   ? ConnectionEnd::malformed
                     : fault == Fault::timed_out ? ConnectionEnd::header_timeout
                                                 : ConnectionEnd::client_closed);
  }
  welcome(std::move(*proxied));
}

// The client's own address is known, whatever came in between.
void Listener::welcome(std::unique_ptr<net::Transport> transport) {
  if (counts_client(*transport) && !plan_->clients->take(transport->peer())) {
    plan_->counts->connections.give();
    refuse(std::move(transport), http::Reason::connection_limit);
  } else if (plan_->tls) {
    tasks_.spawn(encrypt(std::move(transport)));
  } else {
    begin_session(std::move(transport));
  }
}

// Under TLS a word would cost a handshake first.
void Listener::refuse(std::unique_ptr<net::Transport> transport, http::Reason why) {
  if (plan_->tls) return metrics_.ended(end_of_refused(why));
  tasks_.spawn(turn_away(std::move(transport), why));
}

// Many clients come through a proxy of ours.
bool Listener::counts_client(const net::Transport& transport) const {
  return plan_->clients && !(plan_->trusts && plan_->trusts(transport.peer()));
}

void Listener::begin_session(std::unique_ptr<net::Transport> transport) {
  tasks_.spawn(Session::run(std::make_unique<Session>(*this, std::move(transport))));
}

void Listener::begin_h2(std::unique_ptr<net::Transport> transport, std::string first) {
  tasks_.spawn(H2Session::run(std::make_unique<H2Session>(*this, std::move(transport)), std::move(first)));
}

Task<void> Listener::encrypt(std::unique_ptr<net::Transport> transport) {
  using namespace net::tls;
  const auto& tls = *plan_->tls;
  if (!tls.handshakes->take()) co_return ended(*transport, telemetry::ConnectionEnd::over_limit);
  auto* encrypted =
      new TlsTransport(std::move(transport), tls.context->make_ssl(), Role::server, loop_.tls_buffers());
  transport.reset(encrypted);
  auto opening = std::make_unique<Opening>(*this, *transport, tls.handshake_timeout);
  const auto agreed = co_await encrypted->handshake();
  opening.reset();
  tls.handshakes->give();
  metrics_.handshake(agreed.has_value(), encrypted->tls()->resumed);
  if (!agreed) co_return ended(*transport, telemetry::ConnectionEnd::tls_failed);
  if (encrypted->tls()->protocol == "h2") {
    begin_h2(std::move(transport), {});
  } else {
    begin_session(std::move(transport));
  }
}

// A session is over.
void Listener::ended(const net::Transport& transport, telemetry::ConnectionEnd how) noexcept {
  if (counts_client(transport)) plan_->clients->give(transport.peer());
  closed(how);
}

void Listener::closed(telemetry::ConnectionEnd how) noexcept {
  plan_->counts->connections.give();
  metrics_.ended(how);
}

// The whole response. No request has been read: there is no route, and nothing is logged.
std::string Listener::connection_refusal(http::Reason why) {
  auto lease = exchanges_.h1.take();
  auto& exchange = lease->live.exchange;
  exchange.begin(loop_.now(), loop_.wall());
  gateway_.refuse_connection(exchange, why);
  const auto body = exchange.reply_body();
  const auto length = std::to_string(body.size());
  codec::h1::ExtraFields extra;
  extra.add("Content-Length", length);
  extra.add("Connection", "close");
  const codec::h1::ResponseHeadOut line{exchange.response.status, {}};
  std::string text(codec::h1::serialise(line, exchange.response.fields, extra.view(), exchange.arena()));
  text += body;
  exchange.clear();
  return text;
}

void Listener::report_no_descriptors() {
  if (const auto count = plan_->counts->no_descriptors.due(loop_.now())) {
    log::error(
        "listener {}: no file descriptor was left for a connection, {} time{}; raise LimitNOFILE (ulimit -n)",
        plan_->settings.name, *count, *count == 1 ? "" : "s");
  }
}

// Says why before it closes; a client that does not take it at once goes without.
Task<void> Listener::turn_away(std::unique_ptr<net::Transport> transport, http::Reason why) {
  auto& slots = why == http::Reason::memory_pressure ? plan_->counts->shed : plan_->counts->refusals;
  if (!slots.take()) co_return metrics_.ended(end_of_refused(why));
  const std::string text = connection_refusal(why);
  Slice refusal = text;
  net::Deadline deadline(loop_);
  deadline.set(*transport, loop_.now() + kTurnAway);
  transport->end_with_next_write();
  if (co_await transport->write({&refusal, 1})) {
    transport->shutdown_write();
    for (;;) {
      auto rest = co_await transport->read();
      if (!rest || rest->empty()) break;
    }
  }
  slots.give();
  metrics_.ended(end_of_refused(why));
}

void Listener::announce_close() noexcept {
  closing_ = true;
  sessions_.each([](Serving& session) { session.announce_close(); });
}

void Listener::end_waiting() noexcept {
  sessions_.each([](Serving& session) { session.end_waiting(); });
}

void Listener::make_room() noexcept {
  std::uint32_t cut = 0;
  sessions_.each([&cut](Serving& session) {
    if (session.make_room(cut)) ++cut;
  });
}

void Listener::stop() noexcept {
  closing_ = stopping_ = true;
  openings_.each([](Opening& opening) { opening.abort(); });
  sessions_.each([](Serving& session) { session.stop(); });
}

void Listener::abort() noexcept {
  sessions_.each([](Serving& session) { session.abort(); });
}

}  // namespace sluice::proxy
