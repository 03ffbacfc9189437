#include "runtime/signals.h"

#include <gtest/gtest.h>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

TEST(SecondSignal, is_meant_from_a_second_after_the_first) {
  const TimePoint first{42s};
  const SecondSignal second(first);
  EXPECT_FALSE(second.is_meant(first));
  EXPECT_FALSE(second.is_meant(first + 999ms));
  EXPECT_TRUE(second.is_meant(first + 1s));
}

}  // namespace
}  // namespace sluice::runtime
