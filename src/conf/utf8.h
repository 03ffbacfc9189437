// Is it text?
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::conf {

/// Where the first byte stands that is not part of well-formed UTF-8 (RFC 3629), if any.
std::optional<std::size_t> first_not_utf8(std::string_view text) noexcept;

}  // namespace sluice::conf
