// From results in a row to a state.
#pragma once

#include <cstdint>

#include "upstream/config.h"
#include "upstream/health/probe.h"
#include "upstream/health/shared_health.h"

namespace sluice::upstream {

/// Counts how many results in a row speak against the state. The very first result decides at once.
class Verdict {
 public:
  explicit Verdict(const HealthCheckConfig& config) noexcept : config_(config) {}

  /// The health after a result; `since` is `now` (seconds since 1970) where the state changes.
  Health take(Health before, ProbeResult result, std::uint32_t now) noexcept;

  /// Results speak against the state, but not yet often enough: how many that takes. Else 1.
  unsigned confirming(HealthState state) const noexcept { return against_ == 0 ? 1 : threshold(state); }

 private:
  unsigned threshold(HealthState state) const noexcept {
    return state == HealthState::unhealthy ? config_.healthy_after : config_.unhealthy_after;
  }

  const HealthCheckConfig& config_;
  unsigned against_ = 0;
};

}  // namespace sluice::upstream
