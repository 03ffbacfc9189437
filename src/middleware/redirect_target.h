// What a redirect may point at, so that no request can choose the host.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sluice/template.h"

namespace sluice::middleware {

/// Why a template is not safe or not valid as a redirect target; nothing where it is. A target is
///   "/…" or "{path}…"                  on this host
///   SCHEME://AUTHORITY                 then nothing, or "/", "?", "#" or {path} and more
/// where SCHEME may be {scheme}, and AUTHORITY of text, {host} and {authority} only.
std::optional<std::string> fault_of_target(const Template& to);

/// "//evil.example" and "/\evil.example" are network-path references to browsers: only the last of
/// leading slashes stays. Targets that are not of this host pass unchanged.
std::string_view within_this_host(std::string_view target) noexcept;

/// The template has no query or fragment of its own, so the request's query may follow it.
bool takes_a_query(const Template& to) noexcept;

/// "https:///path": the request named no host, and a browser would take the path for one.
bool lacks_host(std::string_view target) noexcept;

}  // namespace sluice::middleware
