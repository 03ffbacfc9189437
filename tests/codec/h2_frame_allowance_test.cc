#include "codec/h2/frame_allowance.h"

#include <gtest/gtest.h>

namespace sluice::codec::h2 {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMost = 10'000;
constexpr TimePoint kStart{1h};

std::uint32_t spend(FrameAllowance& allowance, TimePoint now) {
  std::uint32_t taken = 0;
  while (allowance.take(now)) ++taken;
  return taken;
}

TEST(FrameAllowance, is_spent_after_ten_thousand_frames_at_once) {
  FrameAllowance allowance(kStart);
  EXPECT_EQ(spend(allowance, kStart), kMost);
  EXPECT_FALSE(allowance.take(kStart));
}

TEST(FrameAllowance, grows_by_a_frame_each_millisecond) {
  FrameAllowance allowance(kStart);
  spend(allowance, kStart);
  EXPECT_FALSE(allowance.take(kStart + 1ms - 1ns));
  EXPECT_TRUE(allowance.take(kStart + 1ms));
  EXPECT_FALSE(allowance.take(kStart + 1ms));
  EXPECT_EQ(spend(allowance, kStart + 101ms), 100u);
}

TEST(FrameAllowance, loses_no_part_of_a_millisecond) {
  FrameAllowance allowance(kStart);
  spend(allowance, kStart);
  EXPECT_TRUE(allowance.take(kStart + 1900us));
  EXPECT_TRUE(allowance.take(kStart + 2ms));
  auto now = kStart + 2ms;
  // One or two frames in 1.9 ms: 790 a second.
  for (int i = 0; i < 100'000; ++i) {
    now += 1900us;
    ASSERT_TRUE(allowance.take(now)) << i;
    if (i % 2 == 0) continue;
    ASSERT_TRUE(allowance.take(now)) << i;
  }
}

TEST(FrameAllowance, has_a_ceiling_whatever_the_time_and_whatever_is_earned) {
  FrameAllowance allowance(kStart);
  EXPECT_EQ(spend(allowance, kStart + 24h), kMost);
  EXPECT_EQ(spend(allowance, kStart + 24h * 365 * 100), kMost);
  for (int i = 0; i < 3; ++i) allowance.earn(kMost - 1);
  EXPECT_EQ(spend(allowance, kStart + 24h * 365 * 100), kMost);
}

TEST(FrameAllowance, starts_anew_from_its_ceiling) {
  FrameAllowance allowance(kStart);
  EXPECT_TRUE(allowance.take(kStart + 1h));  // time at the ceiling is not saved up
  EXPECT_EQ(spend(allowance, kStart + 1h), kMost - 1);
  EXPECT_FALSE(allowance.take(kStart + 1h));
  EXPECT_FALSE(allowance.take(kStart + 1h + 999us));
  EXPECT_TRUE(allowance.take(kStart + 1h + 1ms));
}

TEST(FrameAllowance, grows_by_what_the_connection_is_for) {
  FrameAllowance allowance(kStart);
  spend(allowance, kStart);
  allowance.earn(16);
  EXPECT_EQ(spend(allowance, kStart), 16u);
  allowance.earn(2);
  allowance.earn(2);
  EXPECT_EQ(spend(allowance, kStart), 4u);
  allowance.earn(0);
  EXPECT_FALSE(allowance.take(kStart));
}

}  // namespace
}  // namespace sluice::codec::h2
