#include "support/allocations.h"

#include <gtest/gtest.h>

#include "telemetry/access_log.h"
#include "telemetry/records.h"
#include "telemetry/shard.h"

namespace sluice::telemetry {
namespace {

using namespace std::chrono_literals;
using test::allocations;

TEST(Allocations, are_none_for_a_request_whose_outcome_the_route_has_seen) {
  Shard shard(0);
  RouteMetrics& route = shard.route("orders");
  const RequestSample sample{.method = http::Method::get, .status = 200, .total = 3ms, .upstream = 2ms};
  route.record(sample);
  const std::size_t before = allocations();
  for (int i = 0; i < 100; ++i) route.record(sample);
  EXPECT_EQ(allocations(), before);
}

TEST(Allocations, are_none_for_an_access_record) {
  AccessLog log({.output = "/dev/null"}, 1);
  const AccessRecord record = usual_record();
  const std::size_t before = allocations();
  for (int i = 0; i < 100; ++i) log.port(0).write(record);
  EXPECT_EQ(allocations(), before);
}

TEST(Allocations, are_none_for_connections) {
  Shard shard(0);
  ListenerMetrics& listener = shard.listener("public");
  UpstreamMetrics& upstream = shard.upstream("app");
  const std::size_t before = allocations();
  listener.opened();
  listener.ended(ConnectionEnd::finished);
  upstream.attempt_failed(Fault::reset);
  EXPECT_EQ(allocations(), before);
}

}  // namespace
}  // namespace sluice::telemetry
