// Via (RFC 9110 7.6.3) and Max-Forwards (RFC 9110 7.6.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "http/header_block.h"
#include "http/token.h"

namespace sluice::http {

/// Adds this hop behind those that are there. `hop` is "1.1 pseudonym": the version that the message came
/// with, as short_name() gives it, and who we are.
void append_via(HeaderBlock& fields, std::string_view hop, Arena& arena);

/// How often a hop is in the list that calls itself so, its comment included ("pseudonym (comment)"): the
/// rounds that the message has made.
std::size_t via_count(const HeaderBlock& fields, std::string_view hop) noexcept;

/// The most that Max-Forwards is read as: RFC 9110 7.6.2 lets a recipient have its own maximum.
inline constexpr std::uint64_t largest_max_forwards = 1'000'000'000;

/// The value of Max-Forwards, where there is one and it is valid; it means something to TRACE and OPTIONS
/// only.
std::optional<std::uint64_t> max_forwards(const HeaderBlock& fields) noexcept;

}  // namespace sluice::http
