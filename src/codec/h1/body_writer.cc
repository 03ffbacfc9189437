#include "codec/h1/body_writer.h"

#include <utility>

namespace sluice::codec::h1 {

using Kind = http::BodyLength::Kind;

void BodyWriter::reset(net::Transport& transport, Side peer) noexcept {
  transport_ = &transport;
  peer_ = peer;
  head_ = {};
  bytes_ = taken_ = 0;
  finished_ = false;
}

void BodyWriter::begin(std::string_view head, http::BodyLength framing) noexcept {
  head_ = head;
  framing_ = framing;
  remaining_ = framing.kind == Kind::length ? framing.length : 0;
  bytes_ = taken_ = 0;
  finished_ = false;
}

Result<void> BodyWriter::gather(const BodyPiece& piece, const http::HeaderBlock* trailers) {
  out_.clear();
  out_.add(head_);
  auto length = framing_.kind == Kind::length;
  if (length && (piece.bytes > remaining_ || (piece.last && piece.bytes < remaining_))) {
    return Error{.fault = Fault::malformed, .side = Side::us};
  }
  if (length) remaining_ -= piece.bytes;
  auto chunked = framing_.kind == Kind::chunked;
  if (chunked && piece.bytes != 0) {
    size_line_.emplace(piece.bytes);
    out_.add(size_line_->view());
  }
  if (framing_.kind != Kind::none) {
    for (auto slice : piece.slices) out_.add(slice);
  }
  if (chunked && piece.bytes != 0) out_.add(chunk_end);
  if (!chunked || !piece.last) return {};
  if (!trailers || trailers->empty()) {
    out_.add(last_chunk);
    return {};
  }
  trailer_section_.resize(last_chunk_size(*trailers));
  write_last_chunk(trailer_section_.data(), *trailers);
  out_.add(trailer_section_);
  return {};
}

Task<Result<void>> BodyWriter::write(const BodyPiece& piece, const http::HeaderBlock* trailers) {
  if (auto fits = gather(piece, trailers); !fits) return Task<Result<void>>::done(fits);
  head_ = {};
  bytes_ += out_.bytes + (piece.pipe ? piece.bytes : 0);
  return send(piece.last, piece.pipe);
}

bool BodyWriter::takes_pipes() const noexcept {
  return framing_.kind == Kind::length && transport_->takes_pipes();
}

Task<Result<void>> BodyWriter::flush() {
  out_.clear();
  out_.add(std::exchange(head_, {}));
  bytes_ += out_.bytes;
  return send(false);
}

Task<Result<void>> BodyWriter::write_raw(std::string_view bytes) {
  out_.clear();
  out_.add(bytes);
  return send(false);
}

Task<Result<void>> BodyWriter::send(bool last, net::Pipe* pipe) {
  using Done = Task<Result<void>>;
  if (out_.count == 0 && !pipe) return Done::done(sent({}, last));
  writing_ = {};
  writing_.pipe = pipe;
  bool over = transport_->begin_write(writing_, {out_.slices.data(), out_.count});
  return over ? Done::done(sent(writing_.result, last)) : await_send(last);
}

Task<Result<void>> BodyWriter::await_send(bool last) {
  co_return sent(co_await net::Transport::pending(writing_), last);
}

// What a write comes to.
Result<void> BodyWriter::sent(Result<void> result, bool last) noexcept {
  if (!result) {
    auto error = result.error();
    error.side = peer_;
    return error;
  }
  taken_ = bytes_;
  if (last) {
    finished_ = true;
    if (framing_.kind == Kind::tunnel) transport_->shutdown_write();
  }
  return result;
}

}  // namespace sluice::codec::h1
