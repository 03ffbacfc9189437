#include "telemetry/metric_registry.h"

#include <array>
#include <stdexcept>

#include <gtest/gtest.h>

namespace sluice::telemetry {
namespace {

constexpr std::uint64_t other_bounds[] = {1, 2, 3};
constexpr Buckets other_buckets(other_bounds, 1);

TEST(MetricRegistry, gives_the_same_metric_for_the_same_name_and_labels_in_any_order) {
  MetricRegistry registry;
  Counter& first = registry.counter("limited_total", "Refused.", {{"route", "a"}, {"key", "ip"}});
  EXPECT_EQ(&first, &registry.counter("limited_total", "Refused.", {{"key", "ip"}, {"route", "a"}}));
  EXPECT_NE(&first, &registry.counter("limited_total", "Refused.", {{"key", "ip"}, {"route", "b"}}));
}

TEST(MetricRegistry, keeps_references_when_it_grows) {
  MetricRegistry registry;
  Gauge& first = registry.gauge("size", "Size.", {{"n", "first"}});
  first.set(7);
  for (int i = 0; i < 1000; ++i) registry.gauge("size", "Size.", {{"n", std::to_string(i)}});
  EXPECT_EQ(registry.gauge("size", "Size.", {{"n", "first"}}).value(), 7);
}

TEST(MetricRegistry, takes_labels_from_any_array) {
  MetricRegistry registry;
  const std::array<Label, 1> array{{{"route", "a"}}};
  EXPECT_EQ(&registry.counter("x_total", "", Labels(std::span<const Label>(array))),
            &registry.counter("x_total", "", {{"route", "a"}}));
}

TEST(MetricRegistry, refuses_what_prometheus_forbids) {
  MetricRegistry registry;
  EXPECT_THROW(registry.gauge("", ""), std::invalid_argument);
  EXPECT_THROW(registry.gauge("9lives", ""), std::invalid_argument);
  EXPECT_THROW(registry.gauge("a-b", ""), std::invalid_argument);
  EXPECT_THROW(registry.gauge("a", "", {{"le", "1"}}), std::invalid_argument);
  EXPECT_THROW(registry.gauge("a", "", {{"__a", "1"}}), std::invalid_argument);
  EXPECT_THROW(registry.gauge("a", "", {{"x", "1"}, {"x", "2"}}), std::invalid_argument);
}

TEST(MetricRegistry, wants_total_at_the_end_of_counters_alone) {
  MetricRegistry registry;
  EXPECT_THROW(registry.counter("hits", ""), std::invalid_argument);
  EXPECT_THROW(registry.gauge("hits_total", ""), std::invalid_argument);
  EXPECT_THROW(registry.histogram("hits_total", "", size_buckets), std::invalid_argument);
}

TEST(MetricRegistry, refuses_a_name_that_is_taken_otherwise) {
  MetricRegistry registry;
  registry.gauge("a", "");
  registry.histogram("b", "", size_buckets);
  EXPECT_THROW(registry.histogram("a", "", size_buckets), std::invalid_argument);
  EXPECT_THROW(registry.histogram("b", "", other_buckets), std::invalid_argument);
  EXPECT_THROW(registry.counter("sluice_requests_total", ""), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::telemetry
