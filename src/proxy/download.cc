#include "proxy/download.h"

#include "proxy/filtered.h"
#include "proxy/message.h"
#include "proxy/upload.h"

namespace sluice::proxy {
namespace {

constexpr auto kTunnelGrace = std::chrono::seconds(5);  // for the other direction to end too

// A response that cannot be completed. Once it has begun the client must not take it for whole; else it can
// be refused. An exchange that was refused for another reason keeps that one.
bool break_off(LiveExchange& live, http::Reason why) {
  auto& exchange = live.exchange;
  if (exchange.reason != http::Reason::none) why = exchange.reason;
  if (!live.client->started()) {
    exchange.refuse(why);
    return false;
  }
  exchange.reason = live.broken_off = why;
  live.client->abort(Fault::cancelled);
  return true;
}

// A fault of the client, which breaks the upstream's connection too.
http::Reason client_reason(const LiveExchange& live, Fault fault) {
  switch (fault) {
    case Fault::timed_out:
      if (live.tunnel) return http::Reason::tunnel_timeout;
      return live.client->started() ? http::Reason::client_too_slow : http::Reason::body_too_slow;
    case Fault::malformed:
      return live.body_refusal().reason;
    case Fault::too_large:
      return http::Reason::body_too_large;
    default:
      return http::Reason::client_closed;
  }
}

http::Reason reason_of(const LiveExchange& live, const Error& error) {
  if (!live.is_wanted()) return live.given_up;
  if (live.call_deadline.passed()) return http::Reason::grpc_timeout;
  if (error.side == Side::us) return http::Reason::internal;
  if (error.side == Side::client) return client_reason(live, error.fault);
  if (live.upload_error && live.upload_error->side == Side::client)
    return client_reason(live, live.upload_error->fault);
  if (live.upstream_deadline.passed()) {
    return live.tunnel ? http::Reason::tunnel_timeout : http::Reason::upstream_idle_timeout;
  }
  switch (error.fault) {
    case Fault::malformed:
      return http::Reason::upstream_invalid_chunk;
    case Fault::reset:
      return http::Reason::upstream_reset;
    default:
      return http::Reason::upstream_closed_early;
  }
}

// Ends the other direction of a tunnel, whichever side it waits for.
class Grace final : public Timer {
 public:
  Grace(LiveExchange& live, Duration after) : live_(live) {
    live.loop.timers().arm(*this, live.loop.now() + after);
  }

 private:
  void on_timer() noexcept override {
    live_.client->cancel_read();
    live_.lease->stream().link().abort(Fault::cancelled);
  }
  LiveExchange& live_;
};

// A piece from the upstream as it goes on: counted, through the filters.
Result<BodyPiece> passed(LiveExchange& live, const Result<BodyPiece>& piece) {
  if (!piece) return piece;
  live.exchange.times.response_body_bytes += piece->bytes;
  return apply(live.exchange.response_filters(), *piece);
}

// The trailers that follow the last piece, as they go on.
const http::HeaderBlock* passed_trailers(LiveExchange& live, const BodySource& source) {
  const auto* trailers = source.trailers();
  if (trailers) note_grpc_status(live.exchange, *trailers);
  return apply(live.exchange.response_filters(), trailers);
}

// One direction is over: the other has a little time to end too.
Task<void> end_tunnel(LiveExchange& live) {
  Grace grace(live, kTunnelGrace);
  co_await live.upload.join();
}

}  // namespace

Task<bool> send_upstream_response(LiveExchange& live) {
  auto& body = live.lease->stream().body();
  // Whoever answers early may have left the rest unread; the client is told not to count on this connection.
  if (!live.client->request_complete()) live.client->close_after();
  live.client->start(live.exchange.response);
  if (live.tunnel) live.upload.start(upload(live));
  if (live.exchange.response_filters().count == 0 && live.client->takes_pipes()) body.allow_pipes();
  Result<void> sent;
  if (!live.early) sent = co_await live.client->flush();
  for (bool last = false; sent && !last;) {
    auto reading = live.early ? Task<Result<BodyPiece>>::done(*std::exchange(live.early, {})) : body.read();
    live.reading = !reading.is_done();
    if (live.reading) live.time_upstream();
    auto read = co_await std::move(reading);
    live.reading = false;
    if (read) live.time_upstream();
    const auto* trailers = read && read->last ? passed_trailers(live, body) : nullptr;
    auto piece = passed(live, read);
    if (!piece) {
      sent = piece.error();
      break;
    }
    last = piece->last;
    if (piece->bytes != 0 || last) sent = co_await live.client->write(*piece, trailers);
  }
  bool begun = true;
  if (!sent) {
    live.lease->discard();
    begun = break_off(live, reason_of(live, sent.error()));
  } else if (live.tunnel && live.upload.running()) {
    co_await end_tunnel(live);
  }
  co_await stop_upload(live);
  co_return begun;
}

Task<void> give_up_upstream(LiveExchange& live) {
  co_await stop_upload(live);
  live.lease->discard();
  live.upstream_deadline.clear();
  live.lease.reset();
}

// Reads what has come of a body that nobody wants; more of it would stand before the next request.
Task<void> skip_request_body(LiveExchange& live) {
  auto& client = *live.client;
  while (!client.request_complete() && client.ready()) {
    if (!co_await client.read()) break;
  }
  if (!client.request_complete()) client.close_after();
}

Task<bool> send_reply(LiveExchange& live) {
  auto& exchange = live.exchange;
  co_await skip_request_body(live);
  live.client->start(exchange.response);
  Slice text = exchange.reply_body();
  BodyPiece whole{.slices = {&text, 1}, .bytes = text.size(), .last = true};
  BodySource* source = exchange.reply_source();
  for (;;) {
    Result<BodyPiece> piece = whole;
    if (source) piece = co_await source->read();
    const auto* trailers = source && piece && piece->last ? passed_trailers(live, *source) : nullptr;
    if (piece) piece = apply(exchange.response_filters(), *piece);
    if (!piece) co_return break_off(live, http::Reason::internal);
    exchange.times.response_body_bytes += piece->bytes;
    auto written = co_await live.client->write(*piece, trailers);
    if (!written) co_return break_off(live, reason_of(live, written.error()));
    if (piece->last) co_return true;
  }
}

}  // namespace sluice::proxy
