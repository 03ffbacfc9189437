#include "middleware/grpc_web_filters.h"

#include "base/text.h"

namespace sluice::middleware {
namespace {

constexpr char trailer_flag = '\x80';

std::string frame_of(const http::HeaderBlock& trailers) {
  std::string frame(5, trailer_flag);
  for (const auto& field : trailers) {
    for (const char c : field.name) frame += ascii_lower(c);
    frame.append(": ").append(field.value).append("\r\n");
  }
  const auto size = frame.size() - 5;
  for (unsigned i = 0; i < 4; ++i) frame[1 + i] = static_cast<char>(size >> (24 - 8 * i) & 0xff);
  return frame;
}

BodyPiece whole(const std::string& bytes, Slice& slice, bool last) {
  slice = bytes;
  return {.slices = {&slice, bytes.empty() ? 0u : 1u}, .bytes = bytes.size(), .last = last};
}

}  // namespace

Result<BodyPiece> GrpcWebTextDecoder::filter(const BodyPiece& piece) {
  out_.clear();
  bool decodes = true;
  for (const auto slice : piece.slices) decodes = decodes && decoder_.decode(slice, out_);
  if (!decodes || (piece.last && !decoder_.complete())) {
    return Error{.fault = Fault::malformed, .side = Side::client};
  }
  return whole(out_, slice_, piece.last);
}

const http::HeaderBlock* GrpcWebEncoder::filter_trailers(const http::HeaderBlock* trailers) {
  if (trailers && !trailers->empty()) frame_ = frame_of(*trailers);
  return nullptr;
}

Result<BodyPiece> GrpcWebEncoder::filter(const BodyPiece& piece) {
  if (!is_text_ && frame_.empty()) return piece;
  out_.clear();
  Base64Encoder encoder;
  const auto put = [&](std::string_view bytes) {
    is_text_ ? encoder.encode(bytes, out_) : void(out_ += bytes);
  };
  for (const auto slice : piece.slices) put(slice);
  if (piece.last) put(frame_);
  encoder.finish(out_);
  return whole(out_, slice_, piece.last);
}

}  // namespace sluice::middleware
