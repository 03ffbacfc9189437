#include "upstream/dns/config.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "conf/binder.h"
#include "net/address.h"
#include "upstream/dns/message.h"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

bool is_domain(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  return printable && dns::is_name(text);
}

void check_ttls(const DnsConfig& config, conf::Scope& scope) {
  if (config.min_ttl > config.max_ttl)
    scope.problem("min_ttl", fmt::format("the least TTL {} is above the longest, {}",
                                         sluice::format(config.min_ttl), sluice::format(config.max_ttl)));
  if (config.servers && config.servers->empty())
    scope.problem("servers", "no name server is listed", "leave `servers` out for those of /etc/resolv.conf");
}

}  // namespace

std::optional<std::string> name_server(std::string_view text) {
  for (const auto& likely : {std::string(text), fmt::format("{}:53", text), fmt::format("[{}]:53", text)}) {
    const auto address = net::Address::parse(likely);
    if (address && !address->is_unix() && address->port() != 0) return likely;
  }
  return {};
}

const conf::EnumSpec& enum_spec(Preference) {
  static const auto spec = conf::enumeration<Preference>(
      "address preference",
      {{"system", Preference::system, "As RFC 6724 sorts them: mostly IPv6 first where the machine has it."},
       {"ipv6", Preference::ipv6, "IPv6 first."},
       {"ipv4", Preference::ipv4, "IPv4 first."}});
  return spec;
}

const conf::ObjectSpec& DnsConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<DnsConfig>("Dns", "How the names of endpoints are resolved.")
          .field("servers", &DnsConfig::servers,
                 "Name servers, with a port if it is not 53; those of /etc/resolv.conf where it is not "
                 "written.",
                 conf::matching("the address of a name server like 10.0.0.53 or 10.0.0.53:5353", "",
                                [](std::string_view text) { return name_server(text).has_value(); }))
          .field("search", &DnsConfig::search,
                 "Domains that short names are tried in; as /etc/resolv.conf says where it is not written, "
                 "[] for none.",
                 conf::matching("a domain like svc.cluster.local", "", is_domain))
          .field("timeout", &DnsConfig::timeout,
                 "How long a server may take; twice as long each time that all have been asked.",
                 conf::between(10ms, 1min))
          .field("tries", &DnsConfig::tries, "How often each server is asked.", conf::between(1, 10))
          .field("min_ttl", &DnsConfig::min_ttl, "An answer is believed at least so long.",
                 conf::between(100ms, 24h))
          .field("max_ttl", &DnsConfig::max_ttl, "An answer is believed no longer, whatever its TTL says.",
                 conf::between(100ms, 24h * 7))
          .field("negative_ttl", &DnsConfig::negative_ttl,
                 "The answer that there is no such name is believed no longer, whatever its SOA says.",
                 conf::between(100ms, 24h))
          .field("stale", &DnsConfig::stale,
                 "How long the last known addresses of a name that does not resolve any more stay in use.",
                 conf::or_word("unlimited"), conf::between(0s, 24h * 365))
          .field("jitter", &DnsConfig::jitter,
                 "How much later than the TTL says a name is asked for again at most, at random, so that "
                 "many names do not ask in step.",
                 conf::at_most(Percent{50}))
          .field("prefer", &DnsConfig::prefer, "Which addresses of a name are tried first.")
          .check(check_ttls);
  return spec;
}

}  // namespace sluice::upstream
