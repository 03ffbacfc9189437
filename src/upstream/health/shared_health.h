// What is known of an endpoint's health: one word that every thread may read.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice::upstream {

enum class HealthState : std::uint8_t { unknown, healthy, unhealthy };
std::string_view name(HealthState state) noexcept;

/// What the last check found.
enum class HealthReason : std::uint8_t {
  none,  ///< Never checked.
  passed,
  refused,
  unreachable,
  reset,
  closed,
  timed_out,  ///< `detail` is the timeout in milliseconds.
  status,     ///< `detail` is the status code that was not expected.
  malformed,
  unresolved,
  tls,
  certificate,
  no_protocol,
  grpc_status,  ///< `detail` is the grpc-status of a check that failed.
  not_serving,
  other,  ///< `detail` is errno.
};

/// A state, the result of the last check, and when the state was entered.
///
///   63       32 31      16 15       8 7       0
///   | since     | detail   | reason   | state  |     since: seconds since 1970
struct Health {
  HealthState state = HealthState::unknown;
  HealthReason reason = HealthReason::none;
  std::uint16_t detail = 0;
  std::uint32_t since = 0;

  /// Endpoints that were never checked get requests too.
  bool usable() const noexcept { return state != HealthState::unhealthy; }

  /// "passed", "connection refused", "status 503", "timed out after 1s".
  std::string text() const;

  std::uint64_t pack() const noexcept;
  static Health unpack(std::uint64_t word) noexcept;
  friend bool operator==(const Health&, const Health&) = default;
};

/// Written by the control thread, read by all. Relaxed: the word stands for itself; that workers
/// look at it again is ordered by the version of the SharedUpstream.
class SharedHealth {
 public:
  Health load() const noexcept { return Health::unpack(word_.load(std::memory_order_relaxed)); }
  void store(const Health& health) noexcept { word_.store(health.pack(), std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> word_{0};
};

}  // namespace sluice::upstream
