// Character classes of HTTP and URIs, and ASCII comparison. No locale, no allocation.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::http {

/// Bits of char_class: one load answers any of these questions about a byte.
enum CharClass : std::uint8_t {
  tchar = 1,        ///< RFC 9110 5.6.2: may stand in a token.
  field_vchar = 2,  ///< RFC 9110 5.5: VCHAR, obs-text, SP or HTAB: may stand in a field value.
  unreserved = 4,   ///< RFC 3986 2.3.
  pchar = 8,        ///< RFC 3986 3.3, without '%': may stand in a path segment.
  hex = 16,         ///< HEXDIG, either case.
  digit = 32,
  sub_delim = 64,        ///< RFC 3986 2.2.
  lenient_target = 128,  ///< Not allowed by RFC 3986, but sent by browsers: " < > [ ] ^ ` { | }
};

namespace detail {
constexpr bool one_of(unsigned char c, std::string_view set) {
  for (char s : set) {
    if (static_cast<unsigned char>(s) == c) return true;
  }
  return false;
}

constexpr std::array<std::uint8_t, 256> make_char_classes() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    const auto c = static_cast<unsigned char>(i);
    const bool is_digit = c >= '0' && c <= '9';
    const bool is_alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_unreserved = is_alpha || is_digit || one_of(c, "-._~");
    const bool is_sub_delim = one_of(c, "!$&'()*+,;=");
    std::uint8_t bits = 0;
    if (is_alpha || is_digit || one_of(c, "!#$%&'*+-.^_`|~")) bits |= tchar;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) bits |= field_vchar;
    if (is_unreserved) bits |= unreserved;
    if (is_unreserved || is_sub_delim || c == ':' || c == '@') bits |= pchar;
    if (is_digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) bits |= hex;
    if (is_digit) bits |= digit;
    if (is_sub_delim) bits |= sub_delim;
    if (one_of(c, "\"<>[]^`{|}")) bits |= lenient_target;
    table[i] = bits;
  }
  return table;
}
}  // namespace detail

inline constexpr std::array<std::uint8_t, 256> char_class = detail::make_char_classes();

constexpr bool is(char c, unsigned classes) noexcept {
  return (char_class[static_cast<unsigned char>(c)] & classes) != 0;
}

/// True where every byte has one of the classes; true of an empty text.
constexpr bool all_are(std::string_view text, unsigned classes) noexcept {
  for (char c : text) {
    if (!is(c, classes)) return false;
  }
  return true;
}

/// RFC 9110 5.6.2: one or more tchar.
constexpr bool is_token(std::string_view text) noexcept { return !text.empty() && all_are(text, tchar); }

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Value of a HEXDIG; the caller has checked the class.
constexpr unsigned hex_value(char c) noexcept {
  return c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 0x20) - 'a' + 10);
}

/// Eight bytes at a time: A to Z become a to z, everything else stays.
constexpr std::uint64_t lower8(std::uint64_t x) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  const std::uint64_t heptets = x & (0x7f * ones);
  const std::uint64_t above_z = heptets + ((0x7f - 'Z') * ones);
  const std::uint64_t from_a = heptets + ((0x80 - 'A') * ones);
  const std::uint64_t upper = ~x & (0x80 * ones) & (from_a ^ above_z);
  return x | (upper >> 2);
}

namespace detail {
inline std::uint64_t load8(const char* p) noexcept {
  std::uint64_t x;
  std::memcpy(&x, p, 8);
  return x;
}

// All of 1 to 7 bytes in one word: two loads that overlap from 4 up, the first, middle and last below.
inline std::uint64_t load_short(const char* p, std::size_t size) noexcept {
  if (size >= 4) {
    std::uint32_t first;
    std::uint32_t last;
    std::memcpy(&first, p, 4);
    std::memcpy(&last, p + size - 4, 4);
    return first | std::uint64_t{last} << 32;
  }
  const auto at = [p](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])); };
  return at(0) | at(size / 2) << 8 | at(size - 1) << 16;
}

inline bool equal8(std::uint64_t x, std::uint64_t y) noexcept { return x == y || lower8(x) == lower8(y); }

// Some of eight bytes is none of 0x20 to 0x7e. The lowest such byte is seen whatever the others carry.
constexpr bool any_unprintable(std::uint64_t x) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  return (((x - 0x20 * ones) | (x + ones)) & (0x80 * ones)) != 0;
}
}  // namespace detail

/// ASCII case-insensitive equality.
inline bool equal_ignore_case(std::string_view a, std::string_view b) noexcept {
  using detail::equal8, detail::load8, detail::load_short;
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  if (size < 8) return size == 0 || equal8(load_short(a.data(), size), load_short(b.data(), size));
  for (std::size_t i = 0; i + 8 < size; i += 8) {
    if (!equal8(load8(a.data() + i), load8(b.data() + i))) return false;
  }
  return equal8(load8(a.data() + size - 8), load8(b.data() + size - 8));
}

/// RFC 9110 5.5, without the rule on leading and trailing whitespace.
inline bool is_field_value(std::string_view text) noexcept {
  using detail::load8, detail::load_short, detail::any_unprintable;
  const std::size_t size = text.size();
  if (size < 4) return all_are(text, field_vchar);
  bool doubtful = any_unprintable(size < 8 ? load_short(text.data(), size) : load8(text.data() + size - 8));
  for (std::size_t i = 0; i + 8 < size && !doubtful; i += 8)
    doubtful = any_unprintable(load8(text.data() + i));
  return !doubtful || all_are(text, field_vchar);
}

/// RFC 9110 5.6.3: without spaces and tabs at either end.
constexpr std::string_view trim_ows(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace sluice::http
