// The PROXY protocol, versions 1 and 2: how a load balancer says in front of a stream who its client is
// (https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/address.h"

namespace sluice::net {

struct ProxyHeader {
  enum class Status : std::uint8_t { complete, incomplete, malformed };
  Status status = Status::incomplete;
  std::size_t size = 0;  ///< Bytes of the header, once it is complete.
  bool known = false;    ///< It names addresses; else those of the connection itself hold.
  bool local = false;    ///< The connection is the sender's own (LOCAL): it carries nobody else's.
  Address source;
  Address destination;
};

/// Of what a stream begins with. A header of either version is complete or found malformed within 64 KiB
/// + 16.
ProxyHeader parse_proxy_header(std::string_view bytes);

enum class ProxyVersion : std::uint8_t { v1, v2 };

/// What stands in front of a stream that is carried on for a client: who it is, and where it came in. Ends
/// that are not of TCP are not told (UNKNOWN, AF_UNSPEC); those of both families are told as IPv6.
std::string proxy_header(ProxyVersion version, const Address& source, const Address& destination);

/// What stands in front of a stream of the sender's own, as of a health check: UNKNOWN, LOCAL.
std::string own_proxy_header(ProxyVersion version);

}  // namespace sluice::net
