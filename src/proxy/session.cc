#include "proxy/session.h"

namespace sluice::proxy {

using telemetry::ConnectionEnd;

Session::Session(Listener& listener, std::unique_ptr<net::Transport> transport)
    : listener_(listener), connection_(listener.loop_, std::move(transport), listener.plan_->limits) {}

Task<ConnectionEnd> Session::run() {
  for (;;) {
    auto found = co_await connection_.wait_for_head();
    if (found == Wait::end || found == Wait::broken) {
      if (listener_.stopping_) co_return ConnectionEnd::drained;
      if (found == Wait::broken) co_return ConnectionEnd::reset;
      co_return connection_.deadline().passed() ? ConnectionEnd::idle_timeout : ConnectionEnd::client_closed;
    }
    if (!co_await serve_one(found)) co_return end_;
  }
}

Task<bool> Session::serve_one(Wait found) {
  auto lease = listener_.exchanges_.take();
  auto gateway = listener_.gateway_;
  auto& exchange = lease->live.exchange;
  exchange.begin(listener_.loop_.now(), listener_.loop_.wall());
  auto refusal = found == Wait::timed_out ? http::Refusal{http::Reason::request_timeout, {}}
                                          : connection_.parse_head(exchange.request, exchange.arena());
  exchange.times.request_head_bytes = connection_.head_size();
  lease->stream.begin(connection_, exchange.request, exchange.arena());
  describe_client(exchange);
  bool last = ++requests_ >= listener_.plan_->requests_per_connection || listener_.stopping_;
  if (refusal || last) lease->stream.close_after();
  co_await gateway->serve(lease->live, lease->stream, listener_.plan_->settings, refusal);
  if (lease->stream.end() && !listener_.stopping_) co_return true;
  end_ = refusal ? (found == Wait::timed_out ? ConnectionEnd::header_timeout : ConnectionEnd::malformed)
                 : ConnectionEnd::finished;
  lease.reset();
  co_await connection_.linger();
  co_return false;
}

void Session::describe_client(Exchange& exchange) {
  auto& client = exchange.client;
  auto& peer = connection_.transport().peer();
  char text[64];
  client.peer_address = exchange.arena().copy(peer.host_text(text));
  client.peer_port = peer.port();
  client.address = client.peer_address;
  client.trusted_peer = listener_.plan_->trusts && listener_.plan_->trusts(peer);
}

}  // namespace sluice::proxy
