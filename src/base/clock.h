// Time as the data path sees it: read once a turn of the loop, never in between.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// Where a loop reads the time, once a turn. The simulated world has its own.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() noexcept = 0;  ///< Monotonic.
  virtual WallTime wall() noexcept = 0;  ///< UTC.
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  TimePoint now() noexcept override { return std::chrono::steady_clock::now(); }
  WallTime wall() noexcept override { return std::chrono::system_clock::now(); }
};

}  // namespace sluice
