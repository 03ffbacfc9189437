// The frames of a connection as they come in (RFC 9113 4.1), in front of nghttp2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::codec::h2 {

struct FrameHead {
  std::uint32_t length = 0;  ///< Of the payload.
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::int32_t stream = 0;

  bool operator==(const FrameHead&) const = default;
};

/// Cuts bytes where frames begin, so that each can be judged when all in front of it has been dealt with.
class FrameCutter {
 public:
  /// `preface`: bytes in front of the first frame.
  explicit FrameCutter(std::size_t preface) noexcept : rest_(preface) {}

  struct Part {
    std::string_view bytes;
    const FrameHead* head =
        nullptr;  ///< Of the frame whose head is complete with this part. Valid until the next.
  };

  /// What `bytes` begins with, never empty: a part of a head alone, or the end of a head and what there is of
  /// its payload, or more of a payload.
  Part next(std::string_view bytes) noexcept;

 private:
  static constexpr std::size_t kHead = 9;

  void begin_frame(const char* head) noexcept;
  std::string_view with_payload(std::string_view bytes, std::size_t head) noexcept;

  std::array<char, kHead> head_{};  // of one that comes in pieces
  std::size_t have_ = 0;            // bytes of it
  std::size_t rest_;                // of the payload, or the preface
  FrameHead frame_;
};

}  // namespace sluice::codec::h2
