// What a configuration says of name resolution: `dns`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "conf/type.h"

namespace sluice::conf {
class ObjectSpec;
class EnumSpec;
}  // namespace sluice::conf

namespace sluice::upstream {

/// Which addresses of a name that has several are tried first.
enum class Preference : std::uint8_t { system, ipv6, ipv4 };
const conf::EnumSpec& enum_spec(Preference);

struct DnsConfig {
  std::optional<std::vector<std::string>> servers;  ///< Unset: those of resolv.conf.
  std::optional<std::vector<std::string>> search;   ///< Unset: as resolv.conf says.
  Duration timeout = std::chrono::seconds{2};
  unsigned tries = 3;
  Duration min_ttl = std::chrono::seconds{1};
  Duration max_ttl = std::chrono::hours{1};
  Duration negative_ttl = std::chrono::seconds{30};
  std::optional<Duration> stale;  ///< Unset: without limit.
  Percent jitter{10};
  Preference prefer = Preference::system;

  static const conf::ObjectSpec& spec();
};

/// "10.0.0.53", "10.0.0.53:5353", "::1", "[::1]:5353": as host and port, the port being 53 where it is not
/// written. Nothing where it is none of those.
std::optional<std::string> name_server(std::string_view text);

}  // namespace sluice::upstream
