// A bound on how much retries add to the load of an upstream that fails.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace sluice::upstream {

/// Of one worker and upstream. A retry takes 1; each request gives a fifth, each second 3, up to 30: an
/// upstream of which every request fails gets a fifth more of them, not twice as many, and one with little
/// traffic has its retries all the same.
class RetryBudget {
 public:
  void on_request() noexcept { saved_ = std::min(saved_ + kByRequest, kMost); }

  /// False: there are too many already.
  [[nodiscard]] bool take(TimePoint now) noexcept {
    const std::chrono::duration<double> since = now - looked_at_;
    looked_at_ = now;
    saved_ = std::min(saved_ + kBySecond * since.count(), kMost);
    if (saved_ < 1) return false;
    saved_ -= 1;
    return true;
  }

 private:
  static constexpr double kByRequest = 0.2;
  static constexpr double kBySecond = 3;
  static constexpr double kMost = 30;

  double saved_ = kMost;
  TimePoint looked_at_{};
};

}  // namespace sluice::upstream
