#include "sluice/query.h"

#include "http/chars.h"

namespace sluice {
namespace {

// One decoded byte, taken off the front. A "%" that begins no escape stands for itself.
char take_decoded(std::string_view& text) noexcept {
  const char c = text.front();
  if (c == '%' && text.size() >= 3 && http::is(text[1], http::hex) && http::is(text[2], http::hex)) {
    const unsigned byte = http::hex_value(text[1]) * 16 + http::hex_value(text[2]);
    text.remove_prefix(3);
    return static_cast<char>(byte);
  }
  text.remove_prefix(1);
  return c == '+' ? ' ' : c;
}

std::optional<std::string_view> cookie_in(std::string_view line, std::string_view name) noexcept {
  while (!line.empty()) {
    const std::string_view pair = line.substr(0, line.find(';'));
    line.remove_prefix(pair.size() < line.size() ? pair.size() + 1 : pair.size());
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || http::trim_ows(pair.substr(0, equals)) != name) continue;
    std::string_view value = http::trim_ows(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return std::nullopt;
}

}  // namespace

bool decodes_to(std::string_view encoded, std::string_view text) noexcept {
  for (const char wanted : text) {
    if (encoded.empty() || take_decoded(encoded) != wanted) return false;
  }
  return encoded.empty();
}

std::size_t decode_query(std::string_view encoded, char* out) noexcept {
  const char* begin = out;
  while (!encoded.empty()) *out++ = take_decoded(encoded);
  return static_cast<std::size_t>(out - begin);
}

std::optional<std::string_view> query_value(std::string_view query, std::string_view name) noexcept {
  std::optional<std::string_view> found;
  any_query_parameter(query, [&](std::string_view key, std::string_view value) {
    if (!decodes_to(key, name)) return false;
    found = value;
    return true;
  });
  return found;
}

std::optional<std::string_view> cookie_value(const http::HeaderBlock& fields,
                                             std::string_view name) noexcept {
  std::optional<std::string_view> found;
  fields.for_each(http::FieldName::cookie,
                  [&](std::string_view line) {  // HTTP/2 may split them (RFC 9113 8.2.3)
                    if (!found) found = cookie_in(line, name);
                  });
  return found;
}

}  // namespace sluice
