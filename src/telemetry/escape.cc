#include "telemetry/escape.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::telemetry {
namespace {

constexpr std::string_view hex = "0123456789abcdef";
constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// Printable ASCII without the quote and the backslash: safe in every format, and nearly all there is.
constexpr std::array<bool, 256> plain = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 0x7f; ++c) table[c] = c != '"' && c != '\\';
  return table;
}();

std::uint8_t byte(char c) noexcept { return static_cast<std::uint8_t>(c); }

std::size_t plain_length(std::string_view text) noexcept {
  std::size_t n = 0;
  while (n < text.size() && plain[byte(text[n])]) ++n;
  return n;
}

/// The start of a text of at least one byte: `length` bytes that are one character, or that are the
/// maximal part of none (Unicode 3.9, as the WHATWG decoders replace).
struct Sequence {
  std::size_t length;
  bool valid;
};

Sequence sequence(std::string_view text) noexcept {
  const std::uint8_t first = byte(text[0]);
  if (first < 0x80) return {1, true};
  if (first < 0xC2 || first > 0xF4) return {1, false};
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  // RFC 3629 4: overlong forms, surrogates and beyond U+10FFFF show in the second byte.
  std::uint8_t low = 0x80, high = 0xBF;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size() || byte(text[i]) < low || byte(text[i]) > high) return {i, false};
    low = 0x80, high = 0xBF;
  }
  return {length, true};
}

/// C0, DEL, and C1 as UTF-8 has it: a terminal obeys those.
bool is_control(std::string_view one) noexcept {
  const std::uint8_t c = byte(one[0]);
  return c < 0x20 || c == 0x7f || (c == 0xC2 && byte(one[1]) < 0xA0);
}

void append_hex(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    out += "\\x";
    out += hex[byte(c) >> 4];
    out += hex[byte(c) & 15];
  }
}

/// Controls are below U+0100: the last byte of their UTF-8 is their number.
void append_json_escape(std::string_view one, std::string& out) {
  switch (one[0]) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const std::uint8_t number = byte(one.back());
  out += "\\u00";
  out += hex[number >> 4];
  out += hex[number & 15];
}

/// Runs of plain bytes go over in one piece; `special` gets each other sequence.
template <class Special>
void append_by_sequence(std::string_view text, std::string& out, Special&& special) {
  while (!text.empty()) {
    const std::size_t run = plain_length(text);
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) return;
    const Sequence next = sequence(text);
    special(text.substr(0, next.length), next.valid);
    text.remove_prefix(next.length);
  }
}

}  // namespace

void append_json_text(std::string_view text, std::string& out) {
  append_by_sequence(text, out, [&out](std::string_view one, bool valid) {
    if (!valid) {
      out += replacement;
    } else if (one[0] == '"' || one[0] == '\\' || is_control(one)) {
      append_json_escape(one, out);
    } else {
      out += one;
    }
  });
}

void append_ascii_text(std::string_view text, std::string& out) {
  append_by_sequence(text, out, [&out](std::string_view one, bool) {
    if (one[0] == '"' || one[0] == '\\') {
      out += '\\';
      out += one[0];
    } else {
      append_hex(one, out);
    }
  });
}

void append_visible_text(std::string_view text, std::string& out) {
  append_by_sequence(text, out, [&out](std::string_view one, bool valid) {
    if (!valid || is_control(one)) {
      append_hex(one, out);
    } else {
      out += one;
    }
  });
}

}  // namespace sluice::telemetry
