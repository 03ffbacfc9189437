#include "proxy/session.h"

#include <string>

#include "codec/linger.h"

namespace sluice::proxy {

using telemetry::ConnectionEnd;

Session::Session(Listener& listener, std::unique_ptr<net::Transport> transport)
    : listener_(listener),
      connection_(listener.loop_, std::move(transport), listener.plan_->limits),
      private_connections_(connection_.transport()),
      client_(connection_.transport(), *listener.plan_) {}

// What this frame holds, an idle connection holds.
Task<void> Session::run(std::unique_ptr<Session> self) {
  auto& listener = self->listener_;
  listener.sessions_.push_back(*self);
  for (;;) {
    self->waits_since_ = listener.loop_.now();
    auto found = co_await self->connection_.wait_for_head();
    if (found == Wait::end || found == Wait::broken) co_return self->ended(self->end_without_request(found));
    if (self->switches_to_h2(found)) co_return self->go_on_in_h2();
    auto lease = listener.exchanges_.h1.take();
    auto refusal = self->begin(*lease, found);
    self->current_ = lease.get();
    co_await listener.gateway_.serve(lease->live, lease->stream, listener.plan_->settings, refusal);
    self->current_ = nullptr;
    if (lease->live.given_up == http::Reason::drained) co_return self->ended(ConnectionEnd::drained);
    if (lease->stream.end() && !listener.stopping_) continue;
    auto end = end_after(*lease, refusal);
    lease.reset();
    co_await codec::linger(listener.loop_, self->connection_.transport());
    co_return self->ended(end);
  }
}

// With prior knowledge (RFC 9113 3.3).
bool Session::switches_to_h2(Wait found) const noexcept {
  return found == Wait::head && requests_ == 0 && listener_.plan_->h2 && connection_.speaks_h2();
}

void Session::go_on_in_h2() {
  auto bytes = connection_.take_bytes();
  listener_.begin_h2(connection_.take_transport(), std::move(bytes));
}

void Session::ended(ConnectionEnd how) noexcept { listener_.ended(connection_.transport(), how); }

ConnectionEnd Session::end_without_request(Wait found) noexcept {
  if (shed_) return ConnectionEnd::memory_pressure;
  if (listener_.stopping_) return ConnectionEnd::drained;
  if (found == Wait::broken) return ConnectionEnd::reset;
  return connection_.deadline().passed() ? ConnectionEnd::idle_timeout : ConnectionEnd::client_closed;
}

// Of the connection whose last exchange this was; `refusal` is that of its head.
ConnectionEnd Session::end_after(const H1Exchange& last, const http::Refusal& refusal) noexcept {
  const auto& live = last.live;
  if (live.tunnel) return ConnectionEnd::tunnel_ended;
  if (last.stream.client_was_late()) return ConnectionEnd::slow_body;
  if (refusal.reason == http::Reason::request_timeout) return ConnectionEnd::header_timeout;
  if (refusal) return ConnectionEnd::malformed;
  return live.is_wanted() ? end_after(live.broken_off, last.stream.refusal().reason) : ConnectionEnd::reset;
}

ConnectionEnd Session::end_after(http::Reason broken_off, http::Reason body) noexcept {
  if (broken_off == http::Reason::client_closed || body == http::Reason::truncated_body)
    return ConnectionEnd::reset;
  if (body != http::Reason::none) return ConnectionEnd::malformed;
  return http::status(broken_off) >= 500 ? ConnectionEnd::upstream_failed : ConnectionEnd::finished;
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
  client_.describe(exchange);
  if (!refusal && !listener_.plan_->h1) refusal = {http::Reason::unsupported_version, {}};
  if (!refusal && !client_.may_ask(exchange.request)) refusal = {http::Reason::misdirected, {}};
  bool last = ++requests_ >= listener_.plan_->requests_per_connection || listener_.closing_;
  if (refusal || last) recycled.stream.close_after();
  return refusal;
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

}  // namespace sluice::proxy
