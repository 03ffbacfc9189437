// Addresses as people write them, for advice on those that are none.
#pragma once

#include <string>
#include <string_view>

namespace sluice::upstream {

struct HostAndPort {
  std::string_view host;
  std::string_view port;  ///< Digits; empty where there is none.
};

/// A number alone is a port.
HostAndPort split_host_and_port(std::string_view text);

/// "a:80" of "http://a:80/b"; the text itself where there is no scheme.
std::string_view without_scheme_and_path(std::string_view text);

/// What is wrong with the path of a unix socket, or how one is written where only the path is there, with
/// `example` for one: "write unix:/run/app.sock" for "/run/app.sock". Empty where the text is neither.
std::string unix_instead_of(std::string_view text, std::string_view example);

/// Of host and port, with brackets if need be, the first that is an address with a port; empty where none is.
std::string likely_address(std::string_view host, std::string_view port);

/// What was likely meant by a text that is no endpoint: "write 127.0.0.1:8080" for "127.0.0.1".
std::string endpoint_instead_of(std::string_view text);

}  // namespace sluice::upstream
