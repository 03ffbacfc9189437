// Digests that protocols ask for.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace sluice::net::tls {

inline constexpr std::size_t kSha1Size = 20;

/// For what names it as a checksum (RFC 6455); it protects nothing.
std::array<unsigned char, kSha1Size> sha1(std::string_view bytes) noexcept;

}  // namespace sluice::net::tls
