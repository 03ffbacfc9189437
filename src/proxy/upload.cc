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
  return apply(live.exchange.request_filters(), *piece);
}

}  // namespace

Task<bool> take_first_piece(LiveExchange& live) {
  if (live.first_taken) co_return true;
  live.first_taken = true;
  live.first = {};
  if (!live.client->ready()) co_return true;
  auto piece = admit(live, co_await live.client->read());
  if (!piece) {
    live.upload_error = piece.error();
    co_return false;
  }
  live.first = *piece;
  co_return true;
}

Task<void> upload(LiveExchange& live) {
  auto& connection = live.lease->connection();
  for (;;) {
    auto piece = admit(live, co_await live.client->read());
    if (!piece) {
      live.upload_error = piece.error();
      connection.transport().abort(Fault::cancelled);
      co_return;
    }
    live.allow_upstream(live.body_timeout());
    if (piece->bytes == 0 && !piece->last) continue;
    auto written = co_await connection.write(*piece, piece->last ? live.client->trailers() : nullptr);
    if (!written) {
      live.upload_error = written.error();
      if (live.tunnel) connection.transport().abort(Fault::cancelled);
      co_return;
    }
    if (piece->last) {
      if (!live.response_begun) live.allow_upstream(live.target->timeouts.first_byte);
      if (!live.tunnel) live.hangup.begin();
      co_return;
    }
  }
}

Task<void> stop_upload(LiveExchange& live) {
  if (!live.upload.running()) co_return;
  live.client->close_after();
  live.client->transport().cancel_read();
  live.lease->discard();
  live.lease->connection().transport().abort(Fault::cancelled);
  co_await live.upload.join();
}

}  // namespace sluice::proxy
