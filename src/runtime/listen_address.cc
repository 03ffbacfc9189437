#include "runtime/listen_address.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "net/address.h"

namespace sluice::runtime {
namespace {

constexpr std::string_view kSomePort = "8080";

struct HostAndPort {
  std::string_view host;
  std::string_view port;  ///< Empty where there is none.
};

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_address(const std::string& text) { return net::Address::parse(text).has_value(); }

std::string_view without_scheme_and_path(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == text.npos) return text;
  text.remove_prefix(scheme + 3);
  return text.substr(0, text.find('/'));
}

HostAndPort split(std::string_view text) {
  if (is_number(text)) return {{}, text};
  const auto colon = text.rfind(':');
  if (colon == text.npos || !is_number(text.substr(colon + 1))) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

conf::Option listen_address() {
  return conf::matching(
      "an address to listen on, like 0.0.0.0:8080, [::]:8080 or unix:/run/sluice.sock", "",
      [](std::string_view text) { return net::Address::parse(text).has_value(); },
      &listen_address_instead_of);
}

std::string listen_address_instead_of(std::string_view text) {
  if (text.starts_with('/')) return fmt::format("write unix:{}", text);
  text = without_scheme_and_path(text);
  const auto [host, written_port] = split(text);
  const auto port = written_port.empty() ? kSomePort : written_port;
  if (!is_address(fmt::format("127.0.0.1:{}", port))) return "a port is a number up to 65535";
  for (const auto& likely : {fmt::format("{}:{}", host, port), fmt::format("[{}]:{}", host, port),
                             fmt::format("[{}]:{}", text, kSomePort)}) {
    if (is_address(likely)) return "write " + likely;
  }
  if (host == "localhost") return fmt::format("write 127.0.0.1:{0} or [::1]:{0}", port);
  return fmt::format("write 0.0.0.0:{0} for every address of the machine, or 127.0.0.1:{0} for itself alone",
                     port);
}

}  // namespace sluice::runtime
