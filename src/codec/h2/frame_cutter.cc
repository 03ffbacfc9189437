#include "codec/h2/frame_cutter.h"

#include <algorithm>
#include <utility>

namespace sluice::codec::h2 {

FrameCutter::Part FrameCutter::next(std::string_view bytes) noexcept {
  Part part;
  std::size_t used = 0;
  if (rest_ == 0) {
    used = std::min(bytes.size(), kHead - have_);
    std::copy_n(bytes.begin(), used, head_.begin() + have_);
    have_ += used;
    if (have_ < kHead) return {bytes, nullptr};
    have_ = 0;
    frame_.length = static_cast<std::uint32_t>(head_[0] << 16 | head_[1] << 8 | head_[2]);
    frame_.type = head_[3];
    frame_.flags = head_[4];
    frame_.stream = (head_[5] & 0x7F) << 24 | head_[6] << 16 | head_[7] << 8 | head_[8];
    rest_ = frame_.length;
    part.head = &frame_;
  }
  const auto payload = std::min(bytes.size() - used, rest_);
  rest_ -= payload;
  part.bytes = bytes.substr(0, used + payload);
  return part;
}

}  // namespace sluice::codec::h2
