// Host and authority: what names the site that a request is for (RFC 9110 7.2, RFC 3986 3.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/header_block.h"
#include "http/reason.h"
#include "http/token.h"

namespace sluice::http {

struct Authority {
  enum class Kind : std::uint8_t { none, name, ipv4, ipv6 };
  Kind kind = Kind::none;
  std::string_view text;  ///< All of it, as sent but for the colon of an empty port.
  std::string_view host;  ///< Without port and without a closing dot; IPv6 in its brackets; case as sent.
  std::uint16_t port = 0;
  bool has_port = false;  ///< "a:" has none.
};

struct AuthorityResult {
  Refusal refusal;  ///< invalid_host with the fault.
  Authority authority;
};

/// Parses host[:port]. Names are letters, digits and "-._~" in labels that are not empty; percent-encoded
/// and other characters that RFC 3986 lets a name have are refused, since no host is called so and readers
/// differ on them. User information is refused (RFC 9110 4.2.4).
AuthorityResult parse_authority(std::string_view text) noexcept;

/// The Host rules of RFC 9112 3.2: exactly one valid field in HTTP/1.1, at most one in HTTP/1.0, where
/// the authority is then of Kind::none. They hold beside an absolute-form target too, whose authority
/// then takes Host's place.
AuthorityResult check_host(const HeaderBlock& fields, Version version) noexcept;

/// The form in which hosts are compared: lower case. `text` itself where it is so already, else written
/// to `out`, which has text.size() bytes.
std::string_view lower_host(std::string_view text, char* out) noexcept;

/// Dotted decimal without leading zeros (RFC 3986 3.2.2).
bool is_ipv4(std::string_view text) noexcept;

/// RFC 4291 2.2 text, without brackets and zone.
bool is_ipv6(std::string_view text) noexcept;

}  // namespace sluice::http
