// The PROXY protocol, versions 1 and 2: how a load balancer says in front of a stream who its client is
// (https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt).
#pragma once

#include <cstddef>
#include <string_view>

#include "net/address.h"

namespace sluice::net {

struct ProxyHeader {
  enum class Status : std::uint8_t { complete, incomplete, malformed };
  Status status = Status::incomplete;
  std::size_t size = 0;  ///< Bytes of the header, once it is complete.
  bool known = false;    ///< It names addresses; else those of the connection itself hold (LOCAL, UNKNOWN).
  Address source;
  Address destination;
};

/// Of what a stream begins with. A header of either version is complete or found malformed within 64 KiB + 16.
ProxyHeader parse_proxy_header(std::string_view bytes);

}  // namespace sluice::net
