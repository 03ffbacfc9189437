#include "http/trace.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "http/chars.h"

namespace sluice::http {
namespace {

constexpr bool is_lower_hex(char c) noexcept { return is(c, hex) && !(c >= 'A' && c <= 'F'); }

bool is_id(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), is_lower_hex) &&
         text.find_first_not_of('0') != std::string_view::npos;
}

// "00" to "ff", one behind the other.
constexpr std::array<char, 512> hex_pairs = [] {
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = "0123456789abcdef"[i % 2 == 0 ? i / 32 : i / 2 % 16];
  }
  return pairs;
}();

void write_word(char* out, std::uint64_t word) noexcept {
  for (int shift = 56; shift >= 0; shift -= 8, out += 2)
    std::memcpy(out, &hex_pairs[2 * (word >> shift & 255)], 2);
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
