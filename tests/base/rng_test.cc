#include "base/rng.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice {
namespace {

TEST(Rng, repeats_itself_for_the_same_seed) {
  Rng a(42), b(42), c(43);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    auto value = a.next();
    EXPECT_EQ(value, b.next());
    differs |= value != c.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Rng, spreads_evenly_below_a_bound) {
  Rng rng(1);
  std::array<int, 10> counts{};
  for (int i = 0; i < 100'000; ++i) ++counts[rng.below(10)];
  for (int count : counts) EXPECT_NEAR(count, 10'000, 500);
}

TEST(Rng, stays_below_its_bounds) {
  Rng rng(2);
  EXPECT_EQ(rng.below(0), 0u);
  EXPECT_EQ(rng.below(1), 0u);
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_LT(rng.below(3), 3u);
    double u = rng.uniform();
    EXPECT_GE(u, 0.0);
    EXPECT_LT(u, 1.0);
  }
}

}  // namespace
}  // namespace sluice
