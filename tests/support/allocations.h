// Counts the heap calls of this thread, in any test binary that asks.
#pragma once

#include <cstddef>

namespace sluice::test {

/// Calls of operator new on this thread so far.
std::size_t allocations() noexcept;

}  // namespace sluice::test
