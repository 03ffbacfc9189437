#include "codec/h2/stream.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <nghttp2/nghttp2.h>

#include "codec/h2/fields.h"
#include "codec/h2/stream_provider.h"
#include "http/hop_by_hop.h"

namespace sluice::codec::h2 {
namespace {

constexpr std::size_t kKept = 16 * 1024;  // bytes of a buffer that the next stream may find

void empty(std::string& buffer) noexcept {
  if (buffer.capacity() > kKept) return std::string().swap(buffer);
  buffer.clear();
}

}  // namespace

Stream* Stream::find(nghttp2_session* session, std::int32_t id) noexcept {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
}

void Stream::begin(Connection& connection, std::int32_t id, Arena& arena) noexcept {
  connection_ = &connection;
  id_ = id;
  arena_ = &arena;
  fault_ = Fault::none;
  incoming_.clear();
  given_.clear();
  trailers_.clear();
  received_ = sent_ = 0;
  reader_ = writer_ = {};
  trailers_out_ = nullptr;
  closed_ = ended_ = writing_ = deferred_ = finished_ = false;
}

void Stream::leave(std::optional<std::uint32_t> code) noexcept {
  auto* session = connection_->session();
  const auto unread = incoming_.size() + given_.size();
  if (unread != 0) nghttp2_session_consume_connection(session, unread);
  if (!closed_) {
    nghttp2_session_set_stream_user_data(session, id_, nullptr);
    if (code) nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id_, *code);
  }
  connection_->wake_writer();
  empty(incoming_);
  empty(given_);
}

void Stream::fail(Fault why) noexcept {
  if (failed()) return;
  fault_ = why;
  wake(reader_);
  wake(writer_);
  on_failed();
}

void Stream::reset(std::uint32_t code) noexcept {
  if (!closed_) nghttp2_submit_rst_stream(connection_->session(), NGHTTP2_FLAG_NONE, id_, code);
  connection_->wake_writer();
}

std::int32_t Stream::window() const noexcept {
  return std::max(0, nghttp2_session_get_stream_remote_window_size(connection_->session(), id_));
}

bool Stream::may_not_be_sent() const noexcept {
  return !writing_ && !ended_ && nghttp2_session_get_local_window_size(connection_->session()) <= 0;
}

void Stream::wake(std::coroutine_handle<>& waiter) noexcept {
  if (waiter) connection_->loop().defer(std::exchange(waiter, {}));
}

// ---- what comes in

// Windows are powers of two: so no buffer is larger than one.
void Stream::take_data(std::string_view data) {
  const auto size = incoming_.size() + data.size();
  if (size > incoming_.capacity()) incoming_.reserve(std::bit_ceil(size));
  incoming_ += data;
  received_ += data.size();
  wake(reader_);
}

void Stream::take_end() noexcept {
  ended_ = true;
  wake(reader_);
}

bool Stream::take_trailer(std::string_view name, std::string_view value, std::size_t most) {
  const auto token = http::field_name(name);
  if (http::is_forbidden_in_trailer(token) || trailers_.size() >= most) return false;
  if (http::ends_in_trailer(token)) return true;
  trailers_.add(name, value);
  return true;
}

std::optional<Result<BodyPiece>> Stream::take() noexcept {
  if (!given_.empty()) {
    if (!closed_) {
      nghttp2_session_consume(connection_->session(), id_, given_.size());
    } else {
      nghttp2_session_consume_connection(connection_->session(), given_.size());
    }
    connection_->wake_writer();
    given_.clear();
  }
  if (incoming_.empty() && !ended_) {
    if (failed()) return error();
    return std::nullopt;
  }
  std::swap(given_, incoming_);
  given_slice_ = given_;
  return BodyPiece{
      .slices = {&given_slice_, given_.empty() ? 0u : 1u}, .bytes = given_.size(), .last = ended_};
}

// ---- what goes out

bool Stream::offer(const BodyPiece& piece, const http::HeaderBlock* trailers) noexcept {
  if (piece.bytes == 0 && !piece.last) return true;
  piece_ = piece;
  piece_given_ = slice_ = slice_at_ = 0;
  trailers_out_ = trailers && !trailers->empty() ? trailers : nullptr;
  writing_ = true;
  if (std::exchange(deferred_, false)) nghttp2_session_resume_data(connection_->session(), id_);
  connection_->wake_writer();
  return false;
}

Task<Result<void>> Stream::await_given() {
  co_await Waiting{writer_};
  writing_ = false;
  if (failed() && !finished_) co_return error();
  co_return Result<void>{};
}

ssize_t Stream::Provider::on_room(nghttp2_session* session, std::int32_t id, std::uint8_t*, std::size_t room,
                                  std::uint32_t* flags, nghttp2_data_source*, void*) {
  auto* stream = find(session, id);
  if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // the message was broken off
  if (!stream->writing_) {
    stream->deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  return static_cast<ssize_t>(stream->offer_to(room, *flags));
}

std::size_t Stream::offer_to(std::size_t room, std::uint32_t& flags) {
  const auto rest = piece_.bytes - piece_given_;
  const auto size = std::min(room, rest);
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (size != rest || !piece_.last) return size;
  flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!trailers_out_) return size;
  flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  auto& pairs = new_pairs();
  add_fields(pairs, *trailers_out_);
  nghttp2_submit_trailer(connection_->session(), id_, pairs.data(), pairs.size());
  return size;
}

void Stream::give(std::string& out, std::size_t size) {
  sent_ += size;
  piece_given_ += size;
  while (size != 0) {
    const auto part = piece_.slices[slice_].substr(slice_at_, size);
    out.append(part);
    size -= part.size();
    slice_at_ += part.size();
    if (slice_at_ != piece_.slices[slice_].size()) continue;
    ++slice_;
    slice_at_ = 0;
  }
  if (piece_given_ != piece_.bytes) return;
  writing_ = false;
  finished_ = piece_.last;
  wake(writer_);
}

}  // namespace sluice::codec::h2
