// Tells the supervisor that the process is alive, for as long as its event loops are.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace sluice::runtime {

/// On a thread of its own: asks every event loop four times within the time that the supervisor allows, and
/// passes on that all have answered. A loop that is stuck keeps it silent.
class Watchdog {
 public:
  /// `answers` waits at most so long for all loops, and says whether they have answered; both live until this
  /// ends.
  Watchdog(Duration allowed, std::function<bool(Duration at_most)> answers, std::function<void()> alive);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void run();

  const Duration every_;
  const std::function<bool(Duration)> answers_;
  const std::function<void()> alive_;
  std::mutex mutex_;
  std::condition_variable ends_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace sluice::runtime
