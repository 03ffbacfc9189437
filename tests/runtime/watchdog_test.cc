#include "runtime/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

TEST(Watchdog, is_fed_as_long_as_the_loops_answer) {
  std::promise<void> fed;
  std::atomic<int> times{0};
  Watchdog watchdog(
      4ms, [](Duration) { return true; },
      [&] {
        if (++times == 5) fed.set_value();
      });
  EXPECT_EQ(fed.get_future().wait_for(30s), std::future_status::ready);
}

TEST(Watchdog, is_not_fed_by_loops_that_do_not_answer) {
  std::promise<void> asked;
  std::atomic<int> times{0};
  std::atomic<int> fed{0};
  {
    Watchdog watchdog(
        4ms,
        [&](Duration at_most) {
          EXPECT_EQ(at_most, 1ms);
          if (++times == 5) asked.set_value();
          return false;
        },
        [&] { ++fed; });
    EXPECT_EQ(asked.get_future().wait_for(30s), std::future_status::ready);
  }
  EXPECT_EQ(fed, 0);
}

}  // namespace
}  // namespace sluice::runtime
