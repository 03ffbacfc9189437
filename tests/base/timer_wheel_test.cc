#include "base/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/rng.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart{1000s};

struct Probe final : Timer {
  std::function<void()> fired = [] {};
  int count = 0;
  void on_timer() noexcept override {
    ++count;
    fired();
  }
};

TEST(TimerWheel, fires_at_the_tick_and_not_before) {
  TimerWheel wheel(kStart);
  Probe timer;
  wheel.arm(timer, kStart + 5ms + 1ns);
  EXPECT_TRUE(timer.armed());
  wheel.advance(kStart + 5ms + 999us);
  EXPECT_EQ(timer.count, 0);
  wheel.advance(kStart + 6ms);
  EXPECT_EQ(timer.count, 1);
  EXPECT_FALSE(timer.armed());
  EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheel, is_empty_without_timers) {
  TimerWheel wheel(kStart);
  EXPECT_EQ(wheel.next(), TimePoint::max());
  wheel.advance(kStart + 100h);
  Probe timer;
  wheel.arm(timer, kStart + 100h + 3ms);
  EXPECT_EQ(wheel.next(), kStart + 100h + 3ms);
}

TEST(TimerWheel, fires_a_time_that_is_past_at_the_next_advance) {
  TimerWheel wheel(kStart);
  wheel.advance(kStart + 10ms);
  Probe timer;
  wheel.arm(timer, kStart - 5s);
  EXPECT_LE(wheel.next(), kStart + 10ms);
  wheel.advance(kStart + 10ms);
  EXPECT_EQ(timer.count, 1);
}

TEST(TimerWheel, does_not_fire_one_armed_again_for_the_past_twice_in_one_advance) {
  TimerWheel wheel(kStart);
  Probe timer;
  timer.fired = [&] { wheel.arm(timer, kStart); };
  wheel.arm(timer, kStart);
  wheel.advance(kStart);
  EXPECT_EQ(timer.count, 1);
  wheel.advance(kStart);
  EXPECT_EQ(timer.count, 2);
}

TEST(TimerWheel, reaches_beyond_its_last_level) {
  TimerWheel wheel(kStart);
  Probe timer;
  wheel.arm(timer, kStart + 1000h);
  wheel.advance(kStart + 1000h - 1ms);
  EXPECT_EQ(timer.count, 0);
  wheel.advance(kStart + 1000h);
  EXPECT_EQ(timer.count, 1);
}

TEST(TimerWheel, never_wakes_for_the_end_of_time) {
  TimerWheel wheel(kStart);
  Probe timer;
  wheel.arm(timer, TimePoint::max());
  wheel.advance(kStart + 24h * 365);
  EXPECT_EQ(timer.count, 0);
}

TEST(TimerWheel, lets_a_timer_destroy_another_of_the_same_tick) {
  TimerWheel wheel(kStart);
  Probe first;
  auto second = std::make_unique<Probe>();
  first.fired = [&] { second.reset(); };
  wheel.arm(first, kStart + 1ms);
  wheel.arm(*second, kStart + 1ms);
  wheel.advance(kStart + 1ms);
  EXPECT_EQ(first.count, 1);
  EXPECT_EQ(wheel.size(), 0u);
  EXPECT_EQ(wheel.next(), TimePoint::max());
}

TEST(TimerWheel, survives_its_timers_and_they_it) {
  Probe timer;
  {
    TimerWheel wheel(kStart);
    wheel.arm(timer, kStart + 1s);
  }
  EXPECT_FALSE(timer.armed());
}

// Random arming, moving and disarming against a sorted map.
class TimerWheelModel {
 public:
  explicit TimerWheelModel(std::uint64_t seed) : rng_(seed), timers_(64) {
    for (auto& timer : timers_) {
      timer.fired = [this, &timer] { on_fire(timer); };
    }
  }

  void step() {
    auto& timer = timers_[rng_.below(64)];
    switch (rng_.below(4)) {
      case 0:
      case 1:
        arm(timer);
        break;
      case 2:
        timer.disarm();
        forget(timer);
        break;
      case 3:
        advance();
        break;
    }
    ASSERT_EQ(wheel_.size(), armed_.size());
    if (!armed_.empty()) {
      ASSERT_LE(wheel_.next(), ceil(armed_.begin()->first));
    }
  }

 private:
  static TimePoint ceil(TimePoint when) { return std::chrono::ceil<std::chrono::milliseconds>(when); }

  Duration span() {
    // Evenly over the orders of magnitude, from 1 ns to 2.6 days.
    return Duration(rng_.next() % (std::uint64_t{1} << (1 + rng_.below(48))));
  }

  void arm(Probe& timer) {
    auto when = now_ + span();
    forget(timer);
    wheel_.arm(timer, when);
    armed_.emplace(when, &timer);
  }

  void advance() {
    now_ += rng_.below(3) == 0 && wheel_.next() != TimePoint::max()
                ? std::max(wheel_.next() - now_, Duration(0))
                : span();
    fired_at_ = TimePoint::min();
    wheel_.advance(now_);
    for (auto& [when, timer] : armed_) ASSERT_GT(ceil(when), now_) << "missed";
  }

  void on_fire(Probe& timer) {
    for (auto it = armed_.begin(); it != armed_.end(); ++it) {
      if (it->second != &timer) continue;
      auto tick = ceil(it->first);
      EXPECT_LE(tick, now_) << "early";
      armed_.erase(it);
      return;
    }
    ADD_FAILURE() << "fired though not armed";
  }

  void forget(Probe& timer) {
    std::erase_if(armed_, [&](auto& entry) { return entry.second == &timer; });
  }

  Rng rng_;
  TimePoint now_ = kStart;
  TimePoint fired_at_;
  TimerWheel wheel_{kStart};
  std::vector<Probe> timers_;
  std::multimap<TimePoint, Probe*> armed_;
};

TEST(TimerWheel, agrees_with_a_sorted_map) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    TimerWheelModel model(seed);
    for (int i = 0; i < 5000 && !testing::Test::HasFailure(); ++i) model.step();
  }
}

}  // namespace
}  // namespace sluice
