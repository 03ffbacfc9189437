// What is known of the name of an endpoint.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"

namespace sluice::upstream {

struct Resolution {
  std::optional<TimePoint> answered;  ///< When its addresses came last; unset: never yet.
  WallTime answered_at{};             ///< The same moment in UTC.
  Duration ttl{};                     ///< How long they are believed, within the bounds of `dns`.
  std::string failure;                ///< Why it does not resolve now; empty: it does.
};

/// Written by the control thread, read by any; no worker does.
class SharedResolution {
 public:
  void set(Resolution resolution) {
    std::lock_guard lock(mutex_);
    resolution_ = std::move(resolution);
  }
  Resolution get() const {
    std::lock_guard lock(mutex_);
    return resolution_;
  }

 private:
  mutable std::mutex mutex_;
  Resolution resolution_;
};

}  // namespace sluice::upstream
