#include "proxy/h2_session.h"

#include "http/chars.h"

namespace sluice::proxy {

using codec::h2::ServerConnection;
using codec::h2::ServerStream;
using telemetry::ConnectionEnd;

H2Session::H2Session(Listener& listener, std::unique_ptr<net::Transport> transport)
    : listener_(listener),
      connection_(listener.loop_, std::move(transport), *listener.plan_->h2, *this),
      client_(connection_.transport(), *listener.plan_),
      private_connections_(connection_.transport()) {}

Task<void> H2Session::run(std::unique_ptr<H2Session> self, std::string first) {
  auto& listener = self->listener_;
  listener.sessions_.push_back(*self);
  if (listener.closing_) self->connection_.announce_stop();
  if (listener.stopping_) self->connection_.stop();
  const auto end = co_await self->connection_.run(std::move(first));
  co_await self->tasks_.join();
  listener.ended(self->connection_.transport(), self->name_of(end));
}

ConnectionEnd H2Session::name_of(ServerConnection::End end) const noexcept {
  if (shed_) return ConnectionEnd::memory_pressure;
  if (listener_.stopping_) return ConnectionEnd::drained;
  switch (end) {
    case ServerConnection::End::closed:
      return ConnectionEnd::client_closed;
    case ServerConnection::End::idle:
      return ConnectionEnd::idle_timeout;
    case ServerConnection::End::late:
      return ConnectionEnd::header_timeout;
    case ServerConnection::End::malformed:
      return ConnectionEnd::malformed;
    case ServerConnection::End::flooded:
      return ConnectionEnd::flooded;
    case ServerConnection::End::slow:
      return ConnectionEnd::slow_body;
    case ServerConnection::End::broken:
      return ConnectionEnd::reset;
    case ServerConnection::End::stopped:
      break;
  }
  return ConnectionEnd::finished;
}

ServerStream* H2Session::on_stream(std::int32_t id) {
  auto* exchange = listener_.exchanges_.h2.take().release();
  exchange->live.exchange.begin(listener_.loop_.now(), listener_.loop_.wall());
  exchange->begin(connection_, id, exchange->live.exchange.request, exchange->live.exchange.arena());
  return exchange;
}

H2Session::Lease H2Session::lease_of(ServerStream& stream) noexcept {
  return {static_cast<H2Exchange*>(&stream), RecyclingPool<H2Exchange>::Return{&listener_.exchanges_.h2}};
}

void H2Session::on_request(ServerStream& stream, const http::Refusal& refusal) {
  auto lease = lease_of(stream);
  exchanges_.push_back(*lease);
  if (++requests_ == listener_.plan_->requests_per_connection) connection_.stop();
  tasks_.spawn(serve(std::move(lease), refusal));
}

void H2Session::on_dropped(ServerStream& stream) noexcept { lease_of(stream)->live.exchange.clear(); }

Task<void> H2Session::serve(Lease lease, http::Refusal refusal) {
  auto& exchange = lease->live.exchange;
  exchange.times.request_head_bytes = lease->head_size();
  lease->live.private_connections = &private_connections_;
  client_.describe(exchange);
  // An https URI asked for in the clear, and not by way of a proxy that is trusted.
  const bool another_scheme =
      http::equal_ignore_case(lease->scheme(), "https") && exchange.request.scheme != "https";
  if (!refusal && (another_scheme || !client_.may_ask(exchange.request)))
    refusal = {http::Reason::misdirected, {}};
  co_await listener_.gateway_.serve(lease->live, *lease, listener_.plan_->settings, refusal);
  co_await lease->linger();
  lease->end();
  lease->unlink();
}

void H2Session::end_waiting() noexcept {
  if (!connection_.rests_since(listener_.loop_.now() - kJustNow)) return;
  shed_ = true;
  connection_.stop();
}

bool H2Session::make_room(std::uint32_t cut) noexcept {
  bool made = false;
  exchanges_.each([&](H2Exchange& exchange) {
    if (made || !exchange.live.lease || exchange.live.lease->wanted_by() <= cut) return;
    made = exchange.hurry(kPatienceWhileOthersWait);
  });
  return made;
}

void H2Session::abort() noexcept {
  exchanges_.each([](H2Exchange& exchange) { exchange.live.give_up(http::Reason::drained); });
  connection_.abort();
}

}  // namespace sluice::proxy
