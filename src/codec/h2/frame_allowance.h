// How many frames a client may send that ask for nothing (RFC 9113 10.5).
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace sluice::codec::h2 {

/// PING, SETTINGS, WINDOW_UPDATE, PRIORITY, empty DATA and unknown frames are all of use, and each costs
/// work. There is an allowance for them that grows with time and with what the connection is for.
class FrameAllowance {
 public:
  explicit FrameAllowance(TimePoint now) noexcept : grown_(now) {}

  /// For one frame. False: there is nothing left.
  bool take(TimePoint now) noexcept {
    grow(now);
    if (left_ == 0) return false;
    --left_;
    return true;
  }

  void earn(std::uint32_t frames) noexcept { left_ = std::min(left_ + frames, kMost); }

 private:
  // The rest of a period counts for the next.
  void grow(TimePoint now) noexcept {
    const auto periods = (now - grown_) / kGrowsEvery;
    if (periods <= 0) return;
    earn(static_cast<std::uint32_t>(std::min<std::int64_t>(periods, kMost)));
    grown_ += periods * kGrowsEvery;
  }

  // A client at its quickest spends this in about 10 ms of a core, and a thousandth of a core behind it.
  static constexpr std::uint32_t kMost = 10'000;
  static constexpr Duration kGrowsEvery = std::chrono::milliseconds(1);

  std::uint32_t left_ = kMost;
  TimePoint grown_;
};

}  // namespace sluice::codec::h2
