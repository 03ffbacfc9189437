#include "telemetry/shard.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "net/loop.h"
#include "telemetry/exposition.h"

namespace sluice::telemetry {
namespace {

using namespace std::chrono_literals;

TEST(Shard, carries_counters_over_by_name) {
  Shard shard(0);
  shard.route("orders").record({.method = http::Method::get, .status = 200});
  shard.listener("public").opened();
  shard.upstream("app").attempts.add();
  EXPECT_NE(shard.route("orders").traffic(), nullptr);
  EXPECT_EQ(shard.route("other").traffic(), nullptr);
  EXPECT_EQ(shard.listener("public").accepted.value(), 1u);
  EXPECT_EQ(shard.upstream("app").attempts.value(), 1u);
}

TEST(Shard, keeps_requests_without_a_route_apart) {
  Shard shard(0);
  EXPECT_EQ(&shard.route(""), &shard.unmatched());
}

TEST(Shard, counts_each_method_status_class_and_reason_by_itself) {
  Shard shard(0);
  RouteMetrics& route = shard.route("r");
  for (int round = 0; round < 3; ++round)
    for (std::uint8_t reason = 0; reason < http::reason_count; ++reason)
      for (const int status : {0, 101, 200, 302, 404, 503, 999})
        route.record(
            {.method = http::Method::put, .status = status, .reason = static_cast<http::Reason>(reason)});
  std::size_t outcomes = 0;
  for (const auto& chain : route.traffic()->outcomes)
    chain.each([&](const RouteMetrics::Outcome& outcome) {
      ++outcomes;
      EXPECT_EQ(outcome.requests.value(), outcome.status_class == 0 ? 6u : 3u);
    });
  EXPECT_EQ(outcomes, http::reason_count * 6);
}

TEST(Shard, counts_an_upstream_duration_only_where_an_upstream_was_asked) {
  Shard shard(0);
  RouteMetrics& route = shard.route("r");
  route.record({.total = 1ms});
  route.record({.total = 3ms, .upstream = 2ms, .request_bytes = 10, .response_bytes = 20});
  EXPECT_EQ(route.traffic()->duration.sum(), 4'000'000u);
  EXPECT_EQ(route.traffic()->upstream_duration.sum(), 2'000'000u);
  EXPECT_EQ(route.traffic()->request_bytes.value(), 10u);
  EXPECT_EQ(route.traffic()->response_bytes.value(), 20u);
}

TEST(Shard, reports_the_longest_turn_since_it_was_last_asked) {
  Shard shard(0);
  EXPECT_FALSE(shard.loop());
  net::LoopStats stats;
  stats.turns = 5;
  stats.busy_ns = 1000;
  stats.longest_ns = 700;
  shard.watch_loop(&stats);
  EXPECT_EQ(shard.loop()->longest_turn, 700ns);
  EXPECT_EQ(shard.loop()->longest_turn, 0ns);
  EXPECT_EQ(shard.loop()->turns, 5u);
  shard.watch_loop(nullptr);
  EXPECT_FALSE(shard.loop());
}

TEST(Shard, is_scraped_while_its_worker_counts_and_the_control_thread_adds_names) {
  Shard shard(0);
  RouteMetrics& route = shard.route("busy");
  Exposition exposition({.shards = {&shard}});
  std::atomic<bool> begun = false, stop = false;
  std::thread worker([&] {
    for (unsigned i = 0; !stop.load(std::memory_order_relaxed); ++i) {
      route.record({.method = static_cast<http::Method>(i % 11),
                    .status = static_cast<int>(100 + i % 500),
                    .reason = static_cast<http::Reason>(i % http::reason_count),
                    .total = Duration(i)});
      shard.exchanges_in_flight.add();
      begun = true;
    }
  });
  std::thread control([&] {
    for (int i = 0; i < 200; ++i) {
      shard.route("r" + std::to_string(i));
      shard.upstream("u" + std::to_string(i % 10));
      shard.metrics().counter("x_total", "X.", {{"i", std::to_string(i)}});
    }
  });
  while (!begun) std::this_thread::yield();
  for (int i = 0; i < 5; ++i) EXPECT_NE(exposition.text().find("route=\"busy\""), std::string::npos);
  control.join();
  stop = true;
  worker.join();
}

}  // namespace
}  // namespace sluice::telemetry
