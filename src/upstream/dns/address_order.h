// In which order the addresses of a name are tried (RFC 6724 6).
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "net/address.h"
#include "upstream/dns/config.h"

namespace sluice::upstream::dns {

/// The address that packets to a destination would come from; nothing where there is no way to it.
using SourceOf = std::function<std::optional<net::Address>(const net::Address&)>;

/// As the kernel's routes say now; sends nothing.
std::optional<net::Address> source_of(const net::Address& destination);

/// Destinations that cannot be reached last, then by the rules of scope, label and precedence (1, 2, 5, 6
/// and 8). The rules for deprecated, home and tunnelled addresses (3, 4, 7) are left out, and that of the
/// longest prefix (9) too: connections are spread over the addresses of a family. Addresses of one family
/// alone keep their order. `ipv6` and `ipv4` put that family first after all.
void sort_destinations(std::vector<net::Address>& destinations, Preference preference,
                       const SourceOf& source = source_of);

}  // namespace sluice::upstream::dns
