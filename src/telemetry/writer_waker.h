// Wakes a thread that sleeps most of the time.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace sluice::telemetry {

/// One sleeper, any number of wakers. A waker that comes at the very moment when the sleeper goes to
/// work may count as the wake before; so wait() always has a limit.
class WriterWaker {
 public:
  /// Throws std::system_error where the kernel gives no eventfd.
  WriterWaker();
  ~WriterWaker();
  WriterWaker(const WriterWaker&) = delete;
  WriterWaker& operator=(const WriterWaker&) = delete;

  /// A system call, unless one is under way.
  void wake() noexcept;
  /// Until wake(), or so long.
  void wait(Duration at_most) noexcept;

 private:
  int descriptor_;  // An eventfd.
  std::atomic<bool> pending_{
      false};  // Acquire and release: what was done before wake() is seen after wait().
};

}  // namespace sluice::telemetry
