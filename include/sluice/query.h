// Parameters of a query and cookies of a request, read in place.
#pragma once

#include <optional>
#include <string_view>

#include "http/header_block.h"

namespace sluice {

/// The value, as sent, of the first parameter of that name in "a=1&b=2" (application/x-www-form-urlencoded);
/// empty for one without "=". Names are compared decoded.
std::optional<std::string_view> query_value(std::string_view query, std::string_view name) noexcept;

/// Calls `each(name, value)`, both as sent, for every parameter until it returns true; returns
/// whether it did.
template <class Each>
bool any_query_parameter(std::string_view query, Each each) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(pair.size() < query.size() ? pair.size() + 1 : pair.size());
    const auto equals = pair.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    if (!pair.empty() && each(pair.substr(0, equals), value)) return true;
  }
  return false;
}

/// Whether a part of a query says `text` once "+" and "%xx" are decoded.
bool decodes_to(std::string_view encoded, std::string_view text) noexcept;

/// Decodes into `out`, which has room for encoded.size() bytes; returns the bytes written.
std::size_t decode_query(std::string_view encoded, char* out) noexcept;

/// The value of the first cookie of that name (RFC 6265 section 4.2), without quotes around it.
std::optional<std::string_view> cookie_value(const http::HeaderBlock& fields, std::string_view name) noexcept;

}  // namespace sluice
