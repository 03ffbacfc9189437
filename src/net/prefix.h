// A range of addresses by prefix length (CIDR, RFC 4632 and RFC 4291 2.3).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/address.h"

namespace sluice::net {

/// IPv4 is kept as IPv4-mapped IPv6, so that both forms of an address compare alike.
class Prefix {
 public:
  /// "10.0.0.0/8", "fd00::/8", or one address without a length.
  static std::optional<Prefix> parse(std::string_view text);

  bool contains(const Address& address) const noexcept;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  unsigned length_ = 0;
};

}  // namespace sluice::net
