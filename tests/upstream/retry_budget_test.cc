#include "upstream/retry_budget.h"

#include <gtest/gtest.h>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart{1h};

int taken(RetryBudget& budget, TimePoint now) {
  int count = 0;
  while (budget.take(now)) ++count;
  return count;
}

TEST(RetryBudget, is_full_at_first) {
  RetryBudget budget;
  EXPECT_EQ(taken(budget, kStart), 30);
}

TEST(RetryBudget, gets_a_fifth_of_each_request) {
  RetryBudget budget;
  taken(budget, kStart);
  for (int i = 0; i < 51; ++i) budget.on_request();
  EXPECT_EQ(taken(budget, kStart), 10);
}

TEST(RetryBudget, gets_three_each_second) {
  RetryBudget budget;
  taken(budget, kStart);
  EXPECT_EQ(taken(budget, kStart + 300ms), 0);
  EXPECT_EQ(taken(budget, kStart + 2100ms), 6);
}

TEST(RetryBudget, saves_up_no_more_than_thirty) {
  RetryBudget budget;
  for (int i = 0; i < 1000; ++i) budget.on_request();
  EXPECT_EQ(taken(budget, kStart), 30);
  EXPECT_EQ(taken(budget, kStart + 1h), 30);
}

}  // namespace
}  // namespace sluice::upstream
