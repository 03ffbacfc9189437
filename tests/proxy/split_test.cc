#include "proxy/split.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::proxy {
namespace {

std::string choices(Split split, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += static_cast<char>('a' + split.next());
  return out;
}

TEST(Split, gives_each_share_its_weight_without_bursts) {
  EXPECT_EQ(choices(Split({5, 1, 1}), 7), "aabacaa");
  EXPECT_EQ(choices(Split({1, 1}), 4), "abab");
}

TEST(Split, is_exact_over_every_full_turn) {
  Split split({95, 5});
  for (int turn = 0; turn < 3; ++turn) {
    int second = 0;
    for (int i = 0; i < 100; ++i) second += split.next() == 1;
    EXPECT_EQ(second, 5);
  }
}

TEST(Split, never_chooses_a_share_without_weight) {
  Split split({0, 3, 0, 1});
  for (int i = 0; i < 20; ++i) {
    const auto chosen = split.next();
    EXPECT_TRUE(chosen == 1 || chosen == 3);
  }
}

TEST(Split, starts_elsewhere_in_the_same_sequence) {
  EXPECT_EQ(choices(Split({5, 1, 1}, 2), 7), "bacaaaa");
  EXPECT_EQ(choices(Split({5, 1, 1}, 7), 7), "aabacaa");
}

TEST(Split, of_one_or_none_is_that_one) {
  EXPECT_EQ(choices(Split({3}), 3), "aaa");
  EXPECT_EQ(Split().next(), 0U);
}

}  // namespace
}  // namespace sluice::proxy
