#include "net/prefix.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>
#include <string>

namespace sluice::net {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;

Bytes16 mapped(const in_addr& address) {
  Bytes16 bytes{};
  bytes[10] = bytes[11] = 0xff;
  std::memcpy(&bytes[12], &address, 4);
  return bytes;
}

}  // namespace

std::optional<Prefix> Prefix::parse(std::string_view text) {
  auto slash = text.find('/');
  std::string host(text.substr(0, slash));
  Prefix prefix;
  in_addr v4;
  in6_addr v6;
  bool four = inet_pton(AF_INET, host.c_str(), &v4) == 1;
  if (four) {
    prefix.bytes_ = mapped(v4);
  } else if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    std::memcpy(prefix.bytes_.data(), &v6, 16);
  } else {
    return {};
  }
  unsigned widest = four ? 32 : 128, length = widest;
  if (slash != text.npos) {
    auto digits = text.substr(slash + 1);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc{} || end != digits.data() + digits.size() || length > widest) return {};
  }
  prefix.length_ = length + (128 - widest);
  return prefix;
}

bool Prefix::contains(const Address& address) const noexcept {
  auto bytes = address.ipv6_bytes();
  if (!bytes) return false;
  unsigned whole = length_ / 8, rest = length_ % 8;
  if (std::memcmp(bytes->data(), bytes_.data(), whole) != 0) return false;
  if (rest == 0) return true;
  auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return ((*bytes)[whole] & mask) == (bytes_[whole] & mask);
}

}  // namespace sluice::net
