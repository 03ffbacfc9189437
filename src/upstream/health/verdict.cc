#include "upstream/health/verdict.h"

namespace sluice::upstream {

Health Verdict::take(Health before, ProbeResult result, std::uint32_t now) noexcept {
  const auto seen = result.passed() ? HealthState::healthy : HealthState::unhealthy;
  Health after{before.state, result.reason, result.detail, before.since};
  against_ = seen == before.state ? 0 : against_ + 1;
  const bool changed =
      against_ > 0 && (before.state == HealthState::unknown || against_ >= threshold(before.state));
  if (!changed) return after;
  against_ = 0;
  after.state = seen;
  after.since = now;
  return after;
}

}  // namespace sluice::upstream
