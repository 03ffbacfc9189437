#include "proxy/session.h"

#include <string>

#include "http/forwarded.h"
#include "http/host.h"

namespace sluice::proxy {

using telemetry::ConnectionEnd;

namespace {

constexpr auto kJustNow = std::chrono::seconds(1);
constexpr auto kPatienceWhileOthersWait = std::chrono::seconds(1);

// RFC 9110 7.4: an https URI asked for in the clear, and not by way of a proxy whose word for it is trusted.
bool wants_another_scheme(const RequestHead& request) noexcept {
  constexpr std::string_view https = "https://";
  return request.scheme != "https" && http::equal_ignore_case(request.target.substr(0, https.size()), https);
}

}  // namespace

Session::Session(Listener& listener, std::unique_ptr<net::Transport> transport)
    : listener_(listener),
      connection_(listener.loop_, std::move(transport), listener.plan_->limits),
      private_connections_(connection_.transport()) {
  const auto& peer = connection_.transport().peer();
  char text[72];
  auto host = peer.host_text(text);
  peer_address_size_ = static_cast<std::uint8_t>(host.size());
  peer_.append(host).append(":").append(std::to_string(peer.port()));
}

// What this frame holds, an idle connection holds.
Task<void> Session::run(std::unique_ptr<Session> self) {
  auto& listener = self->listener_;
  listener.sessions_.push_back(*self);
  for (;;) {
    self->waits_since_ = listener.loop_.now();
    auto found = co_await self->connection_.wait_for_head();
    if (found == Wait::end || found == Wait::broken) co_return self->ended(self->end_without_request(found));
    auto lease = listener.exchanges_.take();
    auto gateway = listener.gateway_;
    auto refusal = self->begin(*lease, found);
    self->current_ = lease.get();
    co_await gateway->serve(lease->live, lease->stream, listener.plan_->settings, refusal);
    self->current_ = nullptr;
    if (lease->live.given_up == http::Reason::drained) co_return self->ended(ConnectionEnd::drained);
    if (lease->stream.end() && !listener.stopping_) continue;
    auto end = lease->stream.client_was_late() ? ConnectionEnd::slow_body : end_after(refusal);
    lease.reset();
    co_await self->connection_.linger();
    co_return self->ended(end);
  }
}

void Session::ended(ConnectionEnd how) noexcept { listener_.ended(connection_.transport(), how); }

ConnectionEnd Session::end_without_request(Wait found) noexcept {
  if (shed_) return ConnectionEnd::memory_pressure;
  if (listener_.stopping_) return ConnectionEnd::drained;
  if (found == Wait::broken) return ConnectionEnd::reset;
  return connection_.deadline().passed() ? ConnectionEnd::idle_timeout : ConnectionEnd::client_closed;
}

ConnectionEnd Session::end_after(const http::Refusal& refusal) noexcept {
  if (!refusal) return ConnectionEnd::finished;
  return refusal.reason == http::Reason::request_timeout ? ConnectionEnd::header_timeout : ConnectionEnd::malformed;
}

// Takes the head into the exchange; what is wrong with it, if anything.
http::Refusal Session::begin(H1Exchange& recycled, Wait found) {
  auto& exchange = recycled.live.exchange;
  exchange.begin(listener_.loop_.now(), listener_.loop_.wall());
  auto refusal = found == Wait::timed_out ? http::Refusal{http::Reason::request_timeout, {}}
                                          : connection_.parse_head(exchange.request, exchange.arena());
  exchange.times.request_head_bytes = connection_.head_size();
  recycled.live.private_connections = &private_connections_;
  recycled.stream.begin(connection_, exchange.request, exchange.arena());
  describe_client(exchange);
  bool misdirected = wants_another_scheme(exchange.request) || !is_for_this_host(exchange.request);
  if (!refusal && misdirected) refusal = {http::Reason::misdirected, {}};
  bool last = ++requests_ >= listener_.plan_->requests_per_connection || listener_.closing_;
  if (refusal || last) recycled.stream.close_after();
  return refusal;
}

// Under mutual TLS a certificate was asked for by the name in the handshake: a request for another host must
// not profit from it (RFC 9110 7.4). An address has no name there (RFC 6066 3).
bool Session::is_for_this_host(const RequestHead& request) const noexcept {
  const auto& plan = listener_.plan_->tls;
  if (!plan || !plan->binds_host) return true;
  const auto name = connection_.transport().tls()->server_name;
  if (name.empty()) return request.host.starts_with('[') || http::is_ipv4(request.host);
  return http::equal_ignore_case(name, request.host);
}

void Session::announce_close() noexcept {
  if (current_) current_->stream.announce_close();
}

void Session::end_waiting() noexcept {
  // A request of one that has just come may be on its way.
  if (current_ || listener_.loop_.now() - waits_since_ < kJustNow) return;
  shed_ = true;
  connection_.transport().cancel_read();
}

bool Session::make_room(std::uint32_t cut) noexcept {
  if (!current_ || !current_->live.lease || current_->live.lease->wanted_by() <= cut) return false;
  return current_->stream.hurry(kPatienceWhileOthersWait);
}

void Session::abort() noexcept {
  if (current_) current_->live.give_up(http::Reason::drained);
  connection_.transport().abort(Fault::cancelled);
}

void Session::describe_client(Exchange& exchange) {
  auto& client = exchange.client;
  const auto& peer = connection_.transport().peer();
  client.peer = peer_;
  client.peer_address = client.peer.substr(0, peer_address_size_);
  client.peer_port = peer.port();
  client.address = client.peer_address;
  client.tls = connection_.transport().tls() != nullptr;
  if (client.tls) exchange.request.scheme = "https";
  const auto& trusts = listener_.plan_->trusts;
  client.trusted_peer = trusts && trusts(peer);
  if (client.trusted_peer) believe_peer(exchange);
}

// What a trusted proxy says of the client: its address, and how it came.
void Session::believe_peer(Exchange& exchange) {
  const auto& fields = exchange.request.fields;
  const auto& trusts = listener_.plan_->trusts;
  const auto& peer = exchange.client.peer_address;
  exchange.client.address = exchange.arena().copy(http::client_address(fields, peer, [&](std::string_view text) {
    if (text == peer) return true;
    std::string with_port = text.find(':') == text.npos ? std::string(text) + ":0" : "[" + std::string(text) + "]:0";
    auto address = net::Address::parse(with_port);
    return address && trusts(*address);
  }));
  if (http::equal_ignore_case(fields.find(http::FieldName::x_forwarded_proto).value_or(""), "https")) {
    exchange.request.scheme = "https";
  }
}

}  // namespace sluice::proxy
