#include "http/trace.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "http/chars.h"

namespace sluice::http {
namespace {

constexpr bool is_lower_hex(char c) noexcept { return is(c, hex) && !(c >= 'A' && c <= 'F'); }

bool is_id(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), is_lower_hex) &&
         text.find_first_not_of('0') != std::string_view::npos;
}

// Sixteen digits. Eight at a time: each nibble in a byte of its own, then made a digit or a letter.
void write_word(char* out, std::uint64_t word) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  for (int shift = 32; shift >= 0; shift -= 32, out += 8) {
    std::uint64_t x = word >> shift & 0xffffffffu;
    x = (x << 16 | x) & 0x0000ffff0000ffffu;
    x = (x << 8 | x) & 0x00ff00ff00ff00ffu;
    x = (x << 4 | x) & 0x0f0f0f0f0f0f0f0fu;
    const std::uint64_t letters = (x + 6 * ones) >> 4 & ones;
    x += '0' * ones + letters * ('a' - '0' - 10);
    if constexpr (std::endian::native == std::endian::little) x = __builtin_bswap64(x);
    std::memcpy(out, &x, 8);
  }
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view text) noexcept {
  if (text.size() < traceparent_size || text[2] != '-' || text[35] != '-' || text[52] != '-')
    return std::nullopt;
  const std::string_view version = text.substr(0, 2);
  const std::string_view flags = text.substr(53, 2);
  const TraceParent parent{text.substr(3, 32), text.substr(36, 16),
                           static_cast<std::uint8_t>(hex_value(flags[0]) << 4 | hex_value(flags[1]))};
  const auto is_hex = [](std::string_view t) { return std::all_of(t.begin(), t.end(), is_lower_hex); };
  if (!is_hex(version) || !is_hex(flags) || version == "ff") return std::nullopt;
  if (!is_id(parent.trace_id) || !is_id(parent.parent_id)) return std::nullopt;
  if (text.size() > traceparent_size && (version == "00" || text[traceparent_size] != '-'))
    return std::nullopt;
  return parent;
}

char* write_traceparent(char* out, const TraceParent& parent) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  out = std::copy_n("00-", 3, out);
  out = std::copy(parent.trace_id.begin(), parent.trace_id.end(), out);
  *out++ = '-';
  out = std::copy(parent.parent_id.begin(), parent.parent_id.end(), out);
  *out++ = '-';
  *out++ = digits[parent.flags >> 4];
  *out++ = digits[parent.flags & 15];
  return out;
}

void write_hex(std::span<char> digits, std::span<const std::uint64_t> words) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= digits.size() && i / 16 < words.size(); i += 16) write_word(&digits[i], words[i / 16]);
  for (; i < digits.size(); ++i) {
    const std::uint64_t word = i / 16 < words.size() ? words[i / 16] : 0;
    digits[i] = "0123456789abcdef"[word >> (60 - 4 * (i % 16)) & 15];
  }
}

bool is_usable_request_id(std::string_view text) noexcept {
  if (text.empty() || text.size() > 128) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is(c, unreserved) || c == '+' || c == '/' || c == '=' || c == ':' || c == '@';
  });
}

}  // namespace sluice::http
