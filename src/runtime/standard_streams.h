// Descriptors 0, 1 and 2 of the process.
#pragma once

#include <string_view>

namespace sluice::runtime {

/// Those that are closed are taken by /dev/null, opened for reading: no socket gets their numbers, and what
/// is written there fails as it did. Before anything else is opened.
void occupy_standard_streams() noexcept;

/// On stderr, as far as it takes it: the exit code says the same.
void print_error(std::string_view text) noexcept;

}  // namespace sluice::runtime
