// Borrowed bytes, as a gathered write takes them.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

/// A view of bytes that someone else owns; valid for as long as the owner says.
using Slice = std::string_view;

}  // namespace sluice
