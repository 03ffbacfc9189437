#include "sluice/metrics.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST(Buckets, take_a_value_at_a_bound_below_it) {
  for (const Buckets* buckets : {&duration_buckets, &short_duration_buckets, &size_buckets}) {
    const auto bounds = buckets->bounds();
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      EXPECT_EQ(buckets->index(bounds[i]), i);
      EXPECT_EQ(buckets->index(bounds[i] + 1), i + 1);
    }
  }
}

TEST(Buckets, have_a_place_for_the_smallest_and_the_largest_value) {
  EXPECT_EQ(duration_buckets.index(0), 0u);
  EXPECT_EQ(duration_buckets.index(~std::uint64_t{0}), duration_buckets.bounds().size());
}

TEST(Buckets, agree_with_a_plain_search_for_any_value) {
  const auto bounds = duration_buckets.bounds();
  for (std::uint64_t value = 1; value < 200'000'000'000; value = value * 5 / 4 + 1) {
    const auto plain =
        static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
    ASSERT_EQ(duration_buckets.index(value), plain) << value;
  }
}

TEST(Buckets, of_durations_are_fine_enough_for_quantiles) {
  const auto bounds = duration_buckets.bounds();
  EXPECT_LE(bounds.front(), 500'000u);
  EXPECT_EQ(bounds.back(), 60'000'000'000u);
  for (std::size_t i = 1; i < bounds.size(); ++i) EXPECT_LE(bounds[i], 2 * bounds[i - 1]);
}

TEST(Histogram, keeps_exact_sums_and_counts) {
  Histogram histogram(duration_buckets);
  histogram.observe(1ns);
  histogram.observe(250us);
  histogram.observe(251us);
  histogram.observe(2min);
  EXPECT_EQ(histogram.count(0), 2u);
  EXPECT_EQ(histogram.count(1), 1u);
  EXPECT_EQ(histogram.count(duration_buckets.bounds().size()), 1u);
  EXPECT_EQ(histogram.sum(), 120'000'501'001u);
}

TEST(Histogram, counts_a_negative_duration_as_zero) {
  Histogram histogram(duration_buckets);
  histogram.observe(-5ms);
  EXPECT_EQ(histogram.count(0), 1u);
  EXPECT_EQ(histogram.sum(), 0u);
}

TEST(Gauge, goes_up_and_down) {
  Gauge gauge;
  gauge.add(3);
  gauge.sub();
  EXPECT_EQ(gauge.value(), 2);
  gauge.set(0.5);
  EXPECT_EQ(gauge.value(), 0.5);
}

}  // namespace
}  // namespace sluice
