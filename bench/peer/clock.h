#pragma once

#include <chrono>

namespace sluice::bench {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using std::chrono::nanoseconds;

}  // namespace sluice::bench
