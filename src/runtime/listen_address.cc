#include "runtime/listen_address.h"

#include <fmt/format.h>

#include "net/address.h"
#include "upstream/written_address.h"

namespace sluice::runtime {
namespace {

constexpr std::string_view kSomePort = "8080";

}  // namespace

conf::Option listen_address() {
  return conf::matching(
      "an address to listen on, like 0.0.0.0:8080, [::]:8080 or unix:/run/sluice.sock", "",
      [](std::string_view text) { return net::Address::parse(text).has_value(); },
      &listen_address_instead_of);
}

std::string listen_address_instead_of(std::string_view text) {
  if (auto advice = upstream::unix_instead_of(text, "unix:/run/sluice.sock"); !advice.empty()) return advice;
  text = upstream::without_scheme_and_path(text);
  const auto [host, written_port] = upstream::split_host_and_port(text);
  const auto port = written_port.empty() ? kSomePort : written_port;
  if (!net::Address::parse(fmt::format("127.0.0.1:{}", port))) return "a port is a number up to 65535";
  auto likely = upstream::likely_address(host, port);
  if (likely.empty()) likely = upstream::likely_address(text, kSomePort);
  if (!likely.empty()) return "write " + likely;
  if (host == "localhost") return fmt::format("write 127.0.0.1:{0} or [::1]:{0}", port);
  return fmt::format("write 0.0.0.0:{0} for every address of the machine, or 127.0.0.1:{0} for itself alone",
                     port);
}

}  // namespace sluice::runtime
