#include "upstream/written_address.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "net/address.h"
#include "upstream/config.h"

namespace sluice::upstream {
namespace {

constexpr std::string_view kUnix = "unix:";

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

std::string_view usual_port(std::string_view text) {
  if (text.starts_with("https://")) return "443";
  return text.starts_with("http://") ? "80" : "8080";
}

}  // namespace

HostAndPort split_host_and_port(std::string_view text) {
  if (is_number(text)) return {{}, text};
  const auto colon = text.rfind(':');
  if (colon == text.npos || !is_number(text.substr(colon + 1))) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::string_view without_scheme_and_path(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == text.npos) return text;
  text.remove_prefix(scheme + 3);
  return text.substr(0, text.find('/'));
}

std::string unix_instead_of(std::string_view text, std::string_view example) {
  if (text.starts_with('/')) return fmt::format("write {}{}", kUnix, text);
  if (text == kUnix) return fmt::format("write unix: and a path, like {}", example);
  return text.starts_with(kUnix) ? "the path of a unix socket has at most 107 bytes" : "";
}

std::string likely_address(std::string_view host, std::string_view port) {
  for (auto likely : {fmt::format("{}:{}", host, port), fmt::format("[{}]:{}", host, port)}) {
    if (net::Address::parse(likely)) return likely;
  }
  return {};
}

std::string endpoint_instead_of(std::string_view text) {
  if (auto advice = unix_instead_of(text, "unix:/run/app.sock"); !advice.empty()) return advice;
  const auto address = without_scheme_and_path(text);
  const auto [host, written_port] = split_host_and_port(address);
  const auto port = written_port.empty() ? usual_port(text) : written_port;
  if (!parse_endpoint_address(fmt::format("a:{}", port))) return "a port is a number from 1 to 65535";
  if (host.empty()) return fmt::format("write 127.0.0.1:{} for this machine", port);
  auto likely = likely_address(host, port);
  if (likely.empty()) likely = likely_address(address, usual_port(text));
  if (likely.empty()) likely = fmt::format("{}:{}", host, port);
  return parse_endpoint_address(likely) ? "write " + likely : "";
}

}  // namespace sluice::upstream
