#include "telemetry/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::log {
namespace {

using namespace std::chrono_literals;

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override { configure({}); }

  template <class Act>
  static std::string said(Act&& act) {
    ::testing::internal::CaptureStderr();
    act();
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, writes_time_level_and_message) {
  EXPECT_THAT(said([] { info("listening on {}", 8080); }),
              ::testing::MatchesRegex("....-..-..T..:..:..\\....Z info listening on 8080\n"));
}

TEST_F(LogTest, keeps_an_event_on_one_line) {
  EXPECT_THAT(said([] { warn("bad \"{}\"", "a\nb {} %v"); }),
              ::testing::HasSubstr("bad \"a\\x0ab {} %v\"\n"));
}

TEST_F(LogTest, writes_only_what_is_severe_enough) {
  configure({.level = Level::warn});
  EXPECT_EQ(said([] { info("quiet"); }), "");
  EXPECT_FALSE(enabled(Level::info));
  EXPECT_TRUE(enabled(Level::error));
  configure({.level = Level::off});
  EXPECT_EQ(said([] { error("quiet"); }), "");
}

TEST_F(LogTest, writes_json) {
  configure({.format = Format::json});
  EXPECT_THAT(said([] { error("a \"quoted\"\nname"); }),
              ::testing::EndsWith(R"(,"level":"error","message":"a \"quoted\"\nname"})"
                                  "\n"));
}

TEST(Every, lets_one_event_an_interval_through_and_counts_the_others) {
  Every complaint = every(10s);
  TimePoint now{};
  EXPECT_EQ(complaint.due(now), 1u);
  EXPECT_EQ(complaint.due(now + 1s), std::nullopt);
  EXPECT_EQ(complaint.due(now + 9s), std::nullopt);
  EXPECT_EQ(complaint.due(now + 10s), 3u);
}

TEST(SharedEvery, lets_one_event_an_interval_through_and_counts_the_others) {
  SharedEvery complaint(10s);
  TimePoint now{};
  EXPECT_EQ(complaint.due(now), 1u);
  EXPECT_EQ(complaint.due(now + 1s), std::nullopt);
  EXPECT_EQ(complaint.due(now + 9s), std::nullopt);
  EXPECT_EQ(complaint.due(now + 10s), 3u);
}

}  // namespace
}  // namespace sluice::log
