// Counts the heap calls of this thread, in the whole test binary.
#pragma once

#include <cstddef>

namespace sluice::telemetry {

/// Calls of operator new on this thread so far.
std::size_t allocations() noexcept;

}  // namespace sluice::telemetry
