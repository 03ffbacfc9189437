#include "codec/h1/body_writer.h"

namespace sluice::codec::h1 {

using Kind = http::BodyLength::Kind;

void BodyWriter::reset(net::Transport& transport, Side peer) noexcept {
  transport_ = &transport;
  peer_ = peer;
  head_ = {};
  sent_ = 0;
  finished_ = false;
}

void BodyWriter::begin(std::string_view head, http::BodyLength framing) noexcept {
  head_ = head;
  framing_ = framing;
  remaining_ = framing.kind == Kind::length ? framing.length : 0;
  sent_ = 0;
  finished_ = false;
}

Result<void> BodyWriter::seen(Result<void> result) const noexcept {
  if (result) return result;
  auto error = result.error();
  error.side = peer_;
  return error;
}

Result<void> BodyWriter::gather(Gather& out, const BodyPiece& piece, const http::HeaderBlock* trailers) {
  out.add(head_);
  auto length = framing_.kind == Kind::length;
  if (length && (piece.bytes > remaining_ || (piece.last && piece.bytes < remaining_))) {
    return Error{.fault = Fault::malformed, .side = Side::us};
  }
  if (length) remaining_ -= piece.bytes;
  auto chunked = framing_.kind == Kind::chunked;
  if (chunked && piece.bytes != 0) {
    size_line_.emplace(piece.bytes);
    out.add(size_line_->view());
  }
  if (framing_.kind != Kind::none) {
    for (auto slice : piece.slices) out.add(slice);
  }
  if (chunked && piece.bytes != 0) out.add(chunk_end);
  if (!chunked || !piece.last) return {};
  if (!trailers || trailers->empty()) {
    out.add(last_chunk);
    return {};
  }
  trailer_section_.resize(last_chunk_size(*trailers));
  write_last_chunk(trailer_section_.data(), *trailers);
  out.add(trailer_section_);
  return {};
}

Task<Result<void>> BodyWriter::write(const BodyPiece& piece, const http::HeaderBlock* trailers) {
  Gather out;
  if (auto fits = gather(out, piece, trailers); !fits) co_return fits;
  head_ = {};
  if (out.count != 0) {
    sent_ += out.bytes;
    if (auto written = co_await transport_->write({out.slices.data(), out.count}); !written) {
      co_return seen(written);
    }
  }
  if (piece.last) {
    finished_ = true;
    if (framing_.kind == Kind::tunnel) transport_->shutdown_write();
  }
  co_return Result<void>{};
}

Task<Result<void>> BodyWriter::flush() {
  if (head_.empty()) co_return Result<void>{};
  auto head = std::exchange(head_, {});
  sent_ += head.size();
  co_return seen(co_await transport_->write({&head, 1}));
}

Task<Result<void>> BodyWriter::write_raw(std::string_view bytes) {
  co_return seen(co_await transport_->write({&bytes, 1}));
}

}  // namespace sluice::codec::h1
