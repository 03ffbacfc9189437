#include "codec/h2/frame_cutter.h"

#include <algorithm>

namespace sluice::codec::h2 {

FrameCutter::Part FrameCutter::next(std::string_view bytes) noexcept {
  if (rest_ != 0) return {with_payload(bytes, 0), nullptr};
  // Nearly every head lies within one read.
  if (have_ == 0 && bytes.size() >= kHead) {
    begin_frame(bytes.data());
    return {with_payload(bytes, kHead), &frame_};
  }
  const auto used = std::min(bytes.size(), kHead - have_);
  std::copy_n(bytes.begin(), used, head_.begin() + have_);
  have_ += used;
  if (have_ < kHead) return {bytes, nullptr};
  have_ = 0;
  begin_frame(head_.data());
  return {with_payload(bytes, used), &frame_};
}

void FrameCutter::begin_frame(const char* head) noexcept {
  const auto byte = [head](int at) { return std::uint32_t{static_cast<unsigned char>(head[at])}; };
  frame_.length = byte(0) << 16 | byte(1) << 8 | byte(2);
  frame_.type = static_cast<std::uint8_t>(byte(3));
  frame_.flags = static_cast<std::uint8_t>(byte(4));
  frame_.stream = static_cast<std::int32_t>((byte(5) & 0x7F) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8));
  rest_ = frame_.length;
}

// The first bytes, of a head that is complete, and what there is of the payload.
std::string_view FrameCutter::with_payload(std::string_view bytes, std::size_t head) noexcept {
  const auto payload = std::min(bytes.size() - head, rest_);
  rest_ -= payload;
  return bytes.substr(0, head + payload);
}

}  // namespace sluice::codec::h2
