#include "http/structured_fields.h"

#include <algorithm>

#include "http/chars.h"

namespace sluice::http::sf {
namespace {

constexpr std::int64_t largest = 999'999'999'999'999;

constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_alpha(char c) noexcept { return is_lower(lower(c)); }
constexpr bool is_token_start(char c) noexcept { return is_alpha(c) || c == '*'; }
constexpr bool is_token_rest(char c) noexcept { return is(c, tchar) || c == ':' || c == '/'; }

std::string_view take(std::string_view& text, std::size_t size) noexcept {
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

std::optional<BareItem> take_token(std::string_view& text) noexcept {
  std::size_t size = 1;
  while (size < text.size() && is_token_rest(text[size])) ++size;
  return BareItem{BareItem::Type::token, 0, take(text, size)};
}

std::optional<BareItem> take_string(std::string_view& text) noexcept {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      const std::string_view quoted = take(text, i + 1);
      return BareItem{BareItem::Type::string, 0, quoted.substr(1, quoted.size() - 2)};
    }
    if (text[i] == '\\' && (++i == text.size() || (text[i] != '"' && text[i] != '\\'))) return std::nullopt;
    if (text[i] < 0x20 || text[i] >= 0x7f) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<BareItem> take_integer(std::string_view& text) noexcept {
  const bool negative = text.front() == '-';
  std::size_t size = negative ? 1 : 0;
  const std::size_t first = size;
  std::int64_t value = 0;
  while (size < text.size() && is(text[size], digit) && size - first < 16)
    value = value * 10 + (text[size++] - '0');
  if (size == first || size - first > 15 || (size < text.size() && text[size] == '.')) return std::nullopt;
  take(text, size);
  return BareItem{BareItem::Type::integer, negative ? -value : value, {}};
}

std::optional<BareItem> take_boolean(std::string_view& text) noexcept {
  if (text.size() < 2 || (text[1] != '0' && text[1] != '1')) return std::nullopt;
  return BareItem{BareItem::Type::boolean, take(text, 2)[1] - '0', {}};
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && is_token_start(text.front()) &&
         std::all_of(text.begin(), text.end(), is_token_rest);
}

void write_string(TextWriter& out, std::string_view text) noexcept {
  out.put('"');
  for (char c : text) {
    if (c == '"' || c == '\\') out.put('\\');
    out.put(c >= 0x20 && c < 0x7f ? c : '?');
  }
  out.put('"');
}

void write_token_or_string(TextWriter& out, std::string_view text) noexcept {
  if (!is_token(text)) return write_string(out, text);
  out.put(text);
}

void write_integer(TextWriter& out, std::int64_t number) noexcept {
  number = std::clamp(number, -largest, largest);
  if (number < 0) out.put('-');
  out.put_number(static_cast<std::uint64_t>(number < 0 ? -number : number));
}

std::optional<BareItem> take_bare_item(std::string_view& text) noexcept {
  if (text.empty()) return std::nullopt;
  const char c = text.front();
  if (is_token_start(c)) return take_token(text);
  if (c == '"') return take_string(text);
  if (c == '?') return take_boolean(text);
  if (c == '-' || is(c, digit)) return take_integer(text);
  return std::nullopt;
}

std::optional<Parameter> take_parameter(std::string_view& text) noexcept {
  if (text.empty() || text.front() != ';') return std::nullopt;
  std::string_view rest = text.substr(1);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  if (rest.empty() || (!is_lower(rest.front()) && rest.front() != '*')) return std::nullopt;
  std::size_t size = 1;
  while (size < rest.size() && (is_lower(rest[size]) || is(rest[size], digit) ||
                                detail::one_of(static_cast<unsigned char>(rest[size]), "_-.*")))
    ++size;
  Parameter parameter{take(rest, size), {BareItem::Type::boolean, 1, {}}};
  if (!rest.empty() && rest.front() == '=') {
    rest.remove_prefix(1);
    const std::optional<BareItem> value = take_bare_item(rest);
    if (!value) return std::nullopt;
    parameter.value = *value;
  }
  text = rest;
  return parameter;
}

}  // namespace sluice::http::sf
