// A sleep that can be ended early.
#pragma once

#include <coroutine>
#include <utility>

#include "base/timer_wheel.h"
#include "net/loop.h"

namespace sluice::upstream {

/// `co_await nap.rest(5s)`; one sleeper at a time. Loop's thread.
class Nap final : private Timer {
 public:
  explicit Nap(net::Loop& loop) noexcept : loop_(loop) {}
  ~Nap() override = default;

  auto rest(Duration duration) noexcept { return Awaiter{*this, duration}; }

  /// The sleeper goes on soon, from the loop.
  void end() noexcept {
    disarm();
    if (auto sleeper = std::exchange(sleeper_, nullptr)) loop_.defer(sleeper);
  }

 private:
  struct Awaiter {
    Nap& nap;
    Duration duration;
    bool await_ready() const noexcept { return duration <= Duration::zero(); }
    void await_suspend(std::coroutine_handle<> handle) noexcept {
      nap.sleeper_ = handle;
      nap.loop_.timers().arm(nap, nap.loop_.now() + duration);
    }
    void await_resume() const noexcept {}
  };

  void on_timer() noexcept override { std::exchange(sleeper_, nullptr).resume(); }

  net::Loop& loop_;
  std::coroutine_handle<> sleeper_;
};

}  // namespace sluice::upstream
