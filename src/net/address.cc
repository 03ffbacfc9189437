#include "net/address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <new>

namespace sluice::net {

struct Address::UnixName {
  sockaddr_un raw;
  socklen_t length;
};

namespace {

constexpr socklen_t kPathOffset = offsetof(sockaddr_un, sun_path);

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t largest) {
  std::uint32_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number > largest) return {};
  return number;
}

std::optional<Address> parse_unix(std::string_view path) {
  sockaddr_un raw{};
  if (path.empty() || path.size() >= sizeof(raw.sun_path) || path.find('\0') != path.npos) return {};
  raw.sun_family = AF_UNIX;
  path.copy(raw.sun_path, path.size());
  auto length = static_cast<socklen_t>(kPathOffset + path.size());
  if (path[0] == '@') {
    raw.sun_path[0] = '\0';
  } else {
    ++length;  // a path is counted with its end
  }
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), length);
}

std::optional<Address> parse_ipv6(std::string_view host, std::uint16_t port) {
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  raw.sin6_port = htons(port);
  std::string name(host.substr(0, host.find('%')));
  if (name.size() != host.size()) {
    std::string scope(host.substr(name.size() + 1));
    auto index = parse_number(scope, UINT32_MAX);
    raw.sin6_scope_id = index ? *index : if_nametoindex(scope.c_str());
    if (raw.sin6_scope_id == 0) return {};
  }
  if (inet_pton(AF_INET6, name.c_str(), &raw.sin6_addr) != 1) return {};
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), sizeof(raw));
}

std::optional<Address> parse_ipv4(std::string_view host, std::uint16_t port) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_port = htons(port);
  if (inet_pton(AF_INET, std::string(host).c_str(), &raw.sin_addr) != 1) return {};
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), sizeof(raw));
}

// By hand: every request shows its client's address, and inet_ntop() prints through vsnprintf().
std::string_view ipv4_text(const void* address, char* buffer) noexcept {
  const auto* octets = static_cast<const unsigned char*>(address);
  char* out = buffer;
  for (int i = 0; i < 4; ++i) {
    if (i != 0) *out++ = '.';
    unsigned octet = octets[i];
    if (octet >= 100) *out++ = static_cast<char>('0' + octet / 100);
    if (octet >= 10) *out++ = static_cast<char>('0' + octet / 10 % 10);
    *out++ = static_cast<char>('0' + octet % 10);
  }
  return {buffer, static_cast<std::size_t>(out - buffer)};
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix(text.substr(5));
  std::size_t colon = text.rfind(':');
  if (colon == text.npos) return {};
  auto port = parse_number(text.substr(colon + 1), 65535);
  if (!port) return {};
  auto host = text.substr(0, colon);
  auto number = static_cast<std::uint16_t>(*port);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return parse_ipv6(host.substr(1, host.size() - 2), number);
  }
  return parse_ipv4(host, number);
}

Address Address::from_sockaddr(const sockaddr* raw, socklen_t length) noexcept {
  Address address;
  if (length < sizeof(sa_family_t)) return address;
  if (raw->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    std::memcpy(&address.v4_, raw, sizeof(sockaddr_in));
    std::memset(address.v4_.sin_zero, 0, sizeof(address.v4_.sin_zero));
  } else if (raw->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    std::memcpy(&address.v6_, raw, sizeof(sockaddr_in6));
  } else if (raw->sa_family == AF_UNIX) {
    address.unix_.family = AF_UNIX;
    if (length <= kPathOffset) return address;
    auto* name = new UnixName{};
    name->length = std::min<socklen_t>(length, sizeof(name->raw));
    std::memcpy(&name->raw, raw, name->length);
    address.unix_.name = name;
  }
  return address;
}

Address Address::ipv4_loopback(std::uint16_t port) noexcept {
  Address address;
  address.v4_.sin_family = AF_INET;
  address.v4_.sin_port = htons(port);
  address.v4_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* Address::raw() const noexcept {
  if (is_unix() && unix_.name) return reinterpret_cast<const sockaddr*>(&unix_.name->raw);
  return &base_;
}

socklen_t Address::length() const noexcept {
  switch (family()) {
    case AF_INET:
      return sizeof(sockaddr_in);
    case AF_INET6:
      return sizeof(sockaddr_in6);
    case AF_UNIX:
      return unix_.name ? unix_.name->length : kPathOffset;
    default:
      return 0;
  }
}

std::uint16_t Address::port() const noexcept {
  switch (family()) {
    case AF_INET:
      return ntohs(v4_.sin_port);
    case AF_INET6:
      return ntohs(v6_.sin6_port);
    default:
      return 0;
  }
}

Address Address::with_port(std::uint16_t port) const noexcept {
  Address copy = *this;
  if (family() == AF_INET) copy.v4_.sin_port = htons(port);
  if (family() == AF_INET6) copy.v6_.sin6_port = htons(port);
  return copy;
}

std::string_view Address::host_text(char* buffer) const noexcept {
  if (family() == AF_INET) return ipv4_text(&v4_.sin_addr, buffer);
  if (is_unix()) return "unix:";
  if (family() != AF_INET6) return {};
  if (IN6_IS_ADDR_V4MAPPED(&v6_.sin6_addr)) return ipv4_text(v6_.sin6_addr.s6_addr + 12, buffer);
  return inet_ntop(AF_INET6, &v6_.sin6_addr, buffer, 64);
}

std::string Address::to_string() const {
  char buffer[64];
  if (is_unix()) {
    auto path = bytes();
    if (path.starts_with('\0')) return "unix:@" + std::string(path.substr(1));
    return "unix:" + std::string(path.substr(0, path.find('\0')));
  }
  if (family() == AF_INET) return std::string(host_text(buffer)) + ':' + std::to_string(port());
  if (family() != AF_INET6) return {};
  std::string host = inet_ntop(AF_INET6, &v6_.sin6_addr, buffer, sizeof(buffer));
  if (v6_.sin6_scope_id) host += '%' + std::to_string(v6_.sin6_scope_id);
  return '[' + host + "]:" + std::to_string(port());
}

bool operator==(const Address& a, const Address& b) noexcept {
  return a.family() == b.family() && a.bytes() == b.bytes();
}

std::optional<std::array<std::uint8_t, 16>> Address::ipv6_bytes() const noexcept {
  std::array<std::uint8_t, 16> bytes{};
  if (family() == AF_INET) {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(&bytes[12], &v4_.sin_addr, 4);
    return bytes;
  }
  if (family() != AF_INET6) return {};
  std::memcpy(bytes.data(), &v6_.sin6_addr, bytes.size());
  return bytes;
}

std::size_t Address::hash() const noexcept { return std::hash<std::string_view>()(bytes()); }

void Address::copy_path() {
  if (unix_.name) unix_.name = new UnixName(*unix_.name);
}

void Address::drop_path() noexcept { delete unix_.name; }

// What tells two addresses of one family apart: the whole sockaddr, or the path.
std::string_view Address::bytes() const noexcept {
  auto* all = reinterpret_cast<const char*>(raw());
  if (is_unix()) return {all + kPathOffset, length() - kPathOffset};
  return {all, length()};
}

}  // namespace sluice::net
