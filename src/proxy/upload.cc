#include "proxy/upload.h"

#include "proxy/filtered.h"

namespace sluice::proxy {
namespace {

// A piece as it goes on: counted, within the limit, through the filters.
Result<BodyPiece> admit(LiveExchange& live, Result<BodyPiece> piece) {
  if (!piece) return piece;
  auto& times = live.exchange.times;
  times.request_body_bytes += piece->bytes;
  if (live.max_body != 0 && times.request_body_bytes > live.max_body) {
    return Error{.fault = Fault::too_large, .side = Side::client};
  }
  const auto& filters = live.exchange.request_filters();
  if (piece->last) live.request_trailers = apply(filters, live.client->trailers());
  return apply(filters, *piece);
}

bool keep_first(LiveExchange& live, const Result<BodyPiece>& read) {
  auto piece = admit(live, read);
  if (piece) {
    live.first = *piece;
  } else {
    live.upload_error = piece.error();
  }
  return piece.has_value();
}

Task<bool> await_first(LiveExchange& live, Task<Result<BodyPiece>> reading) {
  bool kept = keep_first(live, co_await std::move(reading));
  live.begin_route_time();
  co_return kept;
}

// A body that is known to its end needs no chunks.
void announce_length(LiveExchange& live) {
  const auto* trailers = live.request_trailers;
  auto& body = live.exchange.request.body;
  if (body.kind != http::BodyLength::Kind::chunked || (trailers && !trailers->empty())) return;
  body = {.kind = http::BodyLength::Kind::length, .length = live.first.bytes};
}

// No upstream is asked yet whether the client should go on: that is for the gateway to say.
Task<Result<void>> invite_body(LiveExchange& live) {
  auto& exchange = live.exchange;
  exchange.request.fields.remove(http::FieldName::expect);
  if (!live.client->awaits_continue()) return Task<Result<void>>::done(Result<void>{});
  exchange.response.clear();
  exchange.response.status = 100;
  auto sending = live.client->write_interim(exchange.response);
  exchange.response.clear();
  return sending;
}

bool has_enough(const LiveExchange& live) {
  return live.first.last || live.first.bytes >= live.route->settings.buffer_request || live.memory_is_short();
}

// What is there at once in one piece stays where it was read.
void gather(LiveExchange& live, const BodyPiece& piece) {
  const std::size_t enough = live.route->settings.buffer_request;
  live.first = piece;
  if (live.buffered.empty() && (piece.last || piece.bytes >= enough)) return;
  live.buffered.append(piece);
  live.first = live.buffered.whole(piece.last);
}

// For another attempt, as long as there is not too much of it; before the client is read on.
void keep(LiveExchange& live, const BodyPiece& piece) {
  if (live.keeps_body) {
    const auto most = live.route->settings.retry->keep_body.count;
    live.keeps_body = live.buffered.size() + piece.bytes <= most && !live.memory_is_short();
  }
  live.keeps_body ? live.buffered.append(piece) : live.buffered.release();
}

Task<bool> buffer_first(LiveExchange& live) {
  auto invited = co_await invite_body(live);
  if (!invited) live.upload_error = invited.error();
  while (!live.upload_error && !has_enough(live)) {
    auto piece = admit(live, co_await live.client->read());
    if (piece) {
      gather(live, *piece);
    } else {
      live.upload_error = piece.error();
    }
  }
  if (live.first.last) announce_length(live);
  live.begin_route_time();
  co_return !live.upload_error;
}

Task<void> break_upload(LiveExchange& live) {
  live.client->cancel_read();
  live.lease->discard();
  live.lease->stream().link().abort(Fault::cancelled);
  co_await live.upload.join();
  // A read that was given up is no fault of the client.
  if (live.upload_error && live.upload_error->fault == Fault::cancelled) live.upload_error.reset();
}

}  // namespace

Task<bool> take_first_piece(LiveExchange& live) {
  if (live.first_taken) return Task<bool>::done(true);
  live.first_taken = true;
  live.first = {};
  const bool buffers = live.route->settings.buffer_request != 0 && !live.client->request_complete();
  if (buffers) return buffer_first(live);
  if (!live.client->ready()) return Task<bool>::done(true);
  auto reading = live.client->read();
  if (reading.is_done()) return Task<bool>::done(keep_first(live, std::move(reading).take()));
  return await_first(live, std::move(reading));
}

Task<void> upload(LiveExchange& live) {
  auto& stream = live.lease->stream();
  keep(live, live.buffered.empty() ? live.first : BodyPiece{});
  const bool may_pipe = live.exchange.request_filters().count == 0 && stream.takes_pipes();
  for (;;) {
    if (may_pipe && !live.keeps_body) live.client->allow_pipes();
    live.time_client();
    auto piece = admit(live, co_await live.client->read());
    if (!piece) {
      live.upload_error = piece.error();
      stream.link().abort(Fault::cancelled);
      co_return;
    }
    if (piece->bytes == 0 && !piece->last) continue;
    keep(live, *piece);
    if (live.keeps_body && piece->last) live.first = live.buffered.whole(true);
    auto writing = stream.write(*piece, live.request_trailers);
    live.writing = true;
    if (!writing.is_done()) live.time_upstream();
    auto written = co_await std::move(writing);
    if (!written) {
      live.upload_error = written.error();
      if (live.tunnel) stream.link().abort(Fault::cancelled);
      // It gets no more of the request, so what it owes is its response.
      if (!live.upstream_deadline.passed()) {
        live.writing = false;
        live.time_response();
      }
      co_return;
    }
    live.writing = false;
    if (piece->last) {
      live.time_response();
      if (!live.tunnel) live.hangup.begin();
      co_return;
    }
  }
}

Task<void> stop_upload(LiveExchange& live) {
  if (!live.upload.running()) return Task<void>::done();
  live.client->close_after();
  return break_upload(live);
}

Task<bool> pause_upload(LiveExchange& live) {
  if (live.upload.running()) co_await break_upload(live);
  auto& error = live.upload_error;
  if (error && error->side == Side::upstream) error.reset();
  if (!live.first.last && !live.buffered.empty()) live.first = live.buffered.whole(false);
  co_return !error;
}

}  // namespace sluice::proxy
