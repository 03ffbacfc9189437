#include "http/host.h"

#include <algorithm>

namespace sluice::http {
namespace {

constexpr std::size_t max_host_size = 255;  // RFC 1035 2.3.4

AuthorityResult refused(std::string_view detail) { return {{Reason::invalid_host, detail}, {}}; }

bool are_labels(std::string_view host) noexcept {
  char before = '.';
  for (char c : host) {
    if (!is(c, unreserved) || (c == '.' && before == '.')) return false;
    before = c;
  }
  return true;
}

struct Port {
  bool valid = true;
  bool given = false;
  std::uint16_t number = 0;
};

// What stands behind the host: nothing, or ":" *DIGIT (RFC 3986 3.2.3).
Port parse_port(std::string_view text) noexcept {
  if (text.empty()) return {};
  if (text.front() != ':' || text.size() > 6) return {false, false, 0};
  text.remove_prefix(1);
  unsigned value = 0;
  for (char c : text) {
    if (!is(c, digit)) return {false, false, 0};
    value = value * 10 + hex_value(c);
  }
  return {value <= 65535, !text.empty(), static_cast<std::uint16_t>(value)};
}

}  // namespace

// Four numbers up to 255 without leading zeros.
bool is_ipv4(std::string_view text) noexcept {
  int dots = 0;
  int digits = 0;
  unsigned value = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      if (digits != 0 && value == 0) return false;
      value = value * 10 + static_cast<unsigned>(c - '0');
      if (++digits > 3 || value > 255) return false;
    } else {
      if (c != '.' || digits == 0 || ++dots > 3) return false;
      digits = 0;
      value = 0;
    }
  }
  return dots == 3 && digits != 0;
}

bool is_ipv6(std::string_view text) noexcept {
  int groups = 0;
  bool gap = text.starts_with("::");
  if (gap) text.remove_prefix(2);
  while (!text.empty()) {
    if (groups <= 6 && text.find(':') == std::string_view::npos && text.find('.') != std::string_view::npos) {
      if (!is_ipv4(text)) return false;
      groups += 2;
      break;
    }
    std::size_t size = 0;
    while (size < text.size() && is(text[size], hex)) ++size;
    if (size < 1 || size > 4 || ++groups > 8) return false;
    text.remove_prefix(size);
    if (text.empty()) break;
    if (text.starts_with("::")) {
      if (gap) return false;
      gap = true;
      text.remove_prefix(2);
    } else if (text.front() == ':' && text.size() > 1) {
      text.remove_prefix(1);
    } else {
      return false;
    }
  }
  return gap ? groups < 8 : groups == 8;
}

AuthorityResult parse_authority(std::string_view text) noexcept {
  if (text.empty()) return refused("empty host");
  if (text.find('@') != std::string_view::npos) return refused("user information in the authority");
  Authority authority;
  authority.text = text;
  std::size_t host_size = text.find(':');
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1)))
      return refused("invalid IPv6 address");
    host_size = close + 1;
    authority.kind = Authority::Kind::ipv6;
  }
  host_size = std::min(host_size, text.size());
  authority.host = text.substr(0, host_size);
  const Port port = parse_port(text.substr(host_size));
  if (!port.valid) return refused("invalid port");
  authority.port = port.number;
  authority.has_port = port.given;
  if (!port.given) authority.text = authority.host;
  if (authority.kind == Authority::Kind::ipv6) return {{}, authority};
  if (authority.host.empty()) return refused("empty host");
  if (authority.host.size() > max_host_size) return refused("host name too long");
  if (!are_labels(authority.host)) return refused("invalid character or empty label in the host");
  authority.kind = is_ipv4(authority.host) ? Authority::Kind::ipv4 : Authority::Kind::name;
  if (authority.host.back() == '.') authority.host.remove_suffix(1);
  return {{}, authority};
}

AuthorityResult check_host(const HeaderBlock& fields, Version version) noexcept {
  const std::size_t count = fields.count(FieldName::host);
  if (count > 1) return refused("more than one Host");
  if (count == 1) return parse_authority(*fields.find(FieldName::host));
  if (version == Version::http_1_0) return {};
  return refused("no Host");
}

std::string_view lower_host(std::string_view text, char* out) noexcept {
  std::size_t i = 0;
  while (i < text.size() && lower(text[i]) == text[i]) ++i;
  if (i == text.size()) return text;
  for (i = 0; i < text.size(); ++i) out[i] = lower(text[i]);
  return {out, text.size()};
}

}  // namespace sluice::http
