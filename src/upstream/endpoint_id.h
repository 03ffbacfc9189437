// What an endpoint is told apart by within its upstream.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::upstream {

/// Never another's, even after the endpoint has left: what names one may be kept for as long as one likes.
///
///   63                 32 31       0
///   | how many had the  | place    |     place: where the worker keeps what it has of the endpoint;
///   | place before      |          |     taken again by a later one, so that places stay few
using EndpointId = std::uint64_t;

constexpr std::size_t place_of(EndpointId id) noexcept { return static_cast<std::uint32_t>(id); }

/// Of the next endpoint at the same place.
constexpr EndpointId successor(EndpointId id) noexcept { return id + (EndpointId{1} << 32); }

}  // namespace sluice::upstream
