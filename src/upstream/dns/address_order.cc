#include "upstream/dns/address_order.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>
#include <utility>

namespace sluice::upstream::dns {
namespace {

using Octets = std::array<std::uint8_t, 16>;

/// A row of the default policy table (RFC 6724 2.1).
struct Policy {
  Octets prefix;
  unsigned bits;
  int precedence;
  int label;
};

constexpr Policy kLoopback{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, 50, 0};
constexpr Policy kMapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 35, 4};  // IPv4
constexpr Policy kCompatible{{}, 96, 1, 3};
constexpr Policy kTeredo{{0x20, 0x01, 0, 0}, 32, 5, 5};
constexpr Policy k6to4{{0x20, 0x02}, 16, 30, 2};
constexpr Policy k6bone{{0x3f, 0xfe}, 16, 1, 12};
constexpr Policy kSiteLocal{{0xfe, 0xc0}, 10, 1, 11};
constexpr Policy kUniqueLocal{{0xfc}, 7, 3, 13};
constexpr Policy kOthers{{}, 0, 40, 1};

// The longest prefix first.
constexpr Policy kTable[] = {kLoopback, kMapped,    kCompatible,  kTeredo, k6to4,
                             k6bone,    kSiteLocal, kUniqueLocal, kOthers};

bool has_prefix(const Octets& address, const Octets& prefix, unsigned bits) {
  const auto whole = bits / 8;
  if (!std::equal(prefix.begin(), prefix.begin() + whole, address.begin())) return false;
  const auto mask = static_cast<std::uint8_t>(0xff00 >> bits % 8);
  return bits % 8 == 0 || (address[whole] & mask) == (prefix[whole] & mask);
}

const Policy& policy_of(const Octets& address) {
  return *std::find_if(std::begin(kTable), std::end(kTable),
                       [&](const Policy& row) { return has_prefix(address, row.prefix, row.bits); });
}

enum Scope : int { link_local = 2, site_local = 5, global = 14 };

// RFC 6724 3.1 and 3.2.
int scope_of(const Octets& address) {
  if (has_prefix(address, kMapped.prefix, 96)) {
    const bool link = address[12] == 127 || (address[12] == 169 && address[13] == 254);
    return link ? link_local : global;
  }
  if (address[0] == 0xff) return address[1] & 0xf;
  if (has_prefix(address, {0xfe, 0x80}, 10) || has_prefix(address, kLoopback.prefix, 128)) return link_local;
  return has_prefix(address, {0xfe, 0xc0}, 10) ? site_local : global;
}

/// What decides; the less, the sooner.
using Rank = std::tuple<bool, bool, bool, int, int>;

Rank rank(const net::Address& destination, const SourceOf& source_of_it) {
  const auto address = destination.ipv6_bytes().value_or(Octets{});
  const auto& policy = policy_of(address);
  const auto scope = scope_of(address);
  const auto source = source_of_it(destination);
  if (!source) return {true, false, false, -policy.precedence, scope};
  const auto from = source->ipv6_bytes().value_or(Octets{});
  return {false, scope_of(from) != scope, policy_of(from).label != policy.label, -policy.precedence, scope};
}

void sort_by_rank(std::vector<net::Address>& destinations, const SourceOf& source) {
  std::vector<std::pair<Rank, net::Address>> ranked;
  for (auto& destination : destinations) {
    auto its_rank = rank(destination, source);
    ranked.emplace_back(its_rank, std::move(destination));
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::transform(ranked.begin(), ranked.end(), destinations.begin(),
                 [](auto& one) { return std::move(one.second); });
}

}  // namespace

std::optional<net::Address> source_of(const net::Address& destination) {
  const int socket = ::socket(destination.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return {};
  const auto somewhere = destination.with_port(53);
  sockaddr_storage raw{};
  socklen_t length = sizeof(raw);
  const bool found = ::connect(socket, somewhere.raw(), somewhere.length()) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&raw), &length) == 0;
  ::close(socket);
  if (!found) return {};
  return net::Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), length);
}

void sort_destinations(std::vector<net::Address>& destinations, Preference preference,
                       const SourceOf& source) {
  const auto of = [](int family) {
    return [family](const net::Address& address) { return address.family() == family; };
  };
  if (std::all_of(destinations.begin(), destinations.end(), of(AF_INET)) ||
      std::all_of(destinations.begin(), destinations.end(), of(AF_INET6)))
    return;
  sort_by_rank(destinations, source);
  if (preference == Preference::system) return;
  std::stable_partition(destinations.begin(), destinations.end(),
                        of(preference == Preference::ipv6 ? AF_INET6 : AF_INET));
}

}  // namespace sluice::upstream::dns
