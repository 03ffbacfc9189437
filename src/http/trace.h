// W3C Trace Context: the traceparent field (version 00), and request ids.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sluice::http {

struct TraceParent {
  std::string_view trace_id;   ///< 32 lower-case hex digits, not all zero.
  std::string_view parent_id;  ///< 16 of them.
  std::uint8_t flags = 0;

  bool sampled() const noexcept { return (flags & 1) != 0; }
};

/// Views of `text`. A version above 00 is read as far as it is like 00 (section 4.3); ff is invalid.
std::optional<TraceParent> parse_traceparent(std::string_view text) noexcept;

inline constexpr std::size_t traceparent_size = 55;

/// Writes traceparent_size bytes of version 00 and returns their end; the ids are of the right sizes.
char* write_traceparent(char* out, const TraceParent& parent) noexcept;

/// Writes `digits.size()` lower-case hex digits of the words, the last digits of the last word first cut.
void write_hex(std::span<char> digits, std::span<const std::uint64_t> words) noexcept;

/// Whether an X-Request-Id from outside can be kept: 1 to 128 letters, digits and "-._~+/=:@".
bool is_usable_request_id(std::string_view text) noexcept;

}  // namespace sluice::http
