#include "http/problem.h"

#include "http/structured_fields.h"
#include "http/text_writer.h"

namespace sluice::http {
namespace {

// Length of the UTF-8 sequence at `at`, 0 where there is no valid one (RFC 3629).
std::size_t utf8_size(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  const unsigned char first = byte(at);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 && first <= 0xf4   ? 4
                           : first >= 0xe0 && first <= 0xef ? 3
                           : first >= 0xc2 && first <= 0xdf ? 2
                                                            : 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(at + 1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return overlong || beyond ? 0 : size;
}

void put_ascii(TextWriter& out, char c) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    out.put('\\').put(c);
  } else if (c < 0x20 || c == 0x7f) {
    out.put("\\u00").put(digits[static_cast<unsigned char>(c) >> 4]).put(digits[c & 15]);
  } else {
    out.put(c);
  }
}

void put_json_string(TextWriter& out, std::string_view text) noexcept {
  out.put('"');
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = utf8_size(text, i);
    if (size == 0) {
      out.put("\\ufffd");
    } else if (size == 1) {
      put_ascii(out, text[i]);
    } else {
      out.put(text.substr(i, size));
    }
    i += size == 0 ? 1 : size;
  }
  out.put('"');
}

void put_member(TextWriter& out, std::string_view key, std::string_view value) noexcept {
  out.put(",\"").put(key).put("\":");
  put_json_string(out, value);
}

}  // namespace

std::size_t write_problem(std::span<char> out, const Problem& problem) noexcept {
  const ReasonInfo& reason = info(problem.reason);
  TextWriter text(out);
  text.put("{\"status\":").put_number(reason.status);
  text.put(",\"type\":\"").put(problem.type_base).put(reason.name).put('"');
  put_member(text, "title", reason.title);
  put_member(text, "detail", problem.detail.empty() ? reason.detail : problem.detail);
  if (!problem.request_id.empty()) put_member(text, "instance", problem.request_id);
  put_member(text, "reason", reason.name);
  text.put("}\n");
  return text.size();
}

std::size_t write_proxy_status(std::span<char> out, const ProxyStatus& status) noexcept {
  TextWriter text(out);
  sf::write_token_or_string(text, status.proxy);
  if (status.reason != Reason::none) {
    const ReasonInfo& reason = info(status.reason);
    text.put("; error=").put(reason.error_type);
    text.put("; details=");
    sf::write_string(text, status.details.empty() ? reason.name : status.details);
  }
  if (!status.next_hop.empty()) {
    text.put("; next-hop=");
    sf::write_string(text, status.next_hop);
  }
  if (status.received_status != 0) {
    text.put("; received-status=");
    sf::write_integer(text, status.received_status);
  }
  return text.size();
}

}  // namespace sluice::http
