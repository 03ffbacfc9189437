#include "telemetry/missing_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::telemetry {
namespace {

using namespace std::chrono_literals;

template <class Act>
std::string said(Act&& act) {
  ::testing::internal::CaptureStderr();
  act();
  return ::testing::internal::GetCapturedStderr();
}

TEST(MissingLines, are_said_at_once_and_then_every_ten_seconds_with_what_is_new) {
  MissingLines missing("a.log");
  missing.because("it broke");
  const TimePoint begin{};
  EXPECT_EQ(said([&] { missing.report({}, begin); }), "");
  EXPECT_THAT(said([&] { missing.report({.lost = 3}, begin); }),
              ::testing::HasSubstr("a.log: 3 lines lost: it broke\n"));
  EXPECT_EQ(said([&] { missing.report({.lost = 50}, begin + 9s); }), "");
  EXPECT_THAT(said([&] { missing.report({.lost = 1003}, begin + 10s); }),
              ::testing::HasSubstr("a.log: 1000 lines lost: it broke\n"));
  EXPECT_EQ(said([&] { missing.report({.lost = 1003}, begin + 30s); }), "");
}

TEST(MissingLines, are_summed_up_where_there_are_any) {
  MissingLines missing("a.log");
  EXPECT_EQ(said([&] { missing.sum_up({}); }), "");
  EXPECT_THAT(said([&] { missing.sum_up({.dropped = 7}); }),
              ::testing::HasSubstr("a.log: in all 0 lines lost, 7 dropped\n"));
}

}  // namespace
}  // namespace sluice::telemetry
