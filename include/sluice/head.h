// The heads of a request and of a response (RFC 9110 section 6.2 and 6.3).
#pragma once

#include <cstdint>
#include <string_view>

#include "http/body_length.h"
#include "http/header_block.h"
#include "http/token.h"

namespace sluice {

/// What a client asked for. Views point into the exchange's arena and live as long as it does.
struct RequestHead {
  http::Method method = http::Method::other;
  http::Version version = http::Version::http_1_1;
  std::string_view method_text;  ///< As sent; methods are case-sensitive.
  std::string_view scheme;       ///< "http" or "https": how the client reached us.
  std::string_view authority;    ///< Host with port as sent, from the target or Host (RFC 9112 3.2.2).
  std::string_view host;         ///< Lower case, without port; IPv6 in brackets.
  std::string_view target;       ///< As received.
  std::string_view
      path;  ///< Normalised (RFC 3986 6.2.2): what routes match and upstreams receive. "*" for OPTIONS *.
  std::string_view query;  ///< Without the question mark.
  bool has_query = false;  ///< Tells "/a?" from "/a".
  bool has_encoded_slash =
      false;              ///< %2F or %5C is in the path; only routes that allow it take such a request.
  http::BodyLength body;  ///< How the body is framed (RFC 9112 6.3).
  http::HeaderBlock fields;

  void clear() noexcept;
};

/// What goes back. `status` 0 means: not there yet.
struct ResponseHead {
  int status = 0;
  http::Version version = http::Version::http_1_1;
  std::string_view reason;  ///< Reason phrase; empty: the usual one of the status.
  http::BodyLength body;
  http::HeaderBlock fields;

  void clear() noexcept;
};

}  // namespace sluice
