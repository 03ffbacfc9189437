#include "upstream/stats.h"

#include <nlohmann/json.hpp>

#include "world.h"

namespace sluice::upstream {
namespace {

using namespace testing;

TEST(UpstreamStats, show_health_connections_and_totals_of_each_endpoint) {
  World world;
  world.serve("10.0.0.1:80");
  const auto shared = shared_upstream({"10.0.0.1:80", "app.internal:80"});
  shared->set_health(endpoint_at(*shared, 1),
                     {HealthState::unhealthy, HealthReason::status, 503, 1'700'000'000});
  Upstream one(shared, world.loop, world.rng, &FakeClient::make);
  Upstream two(shared, world.loop, world.rng, &FakeClient::make);
  world.connect(one)->end();
  auto held = world.connect(two);

  const auto json = to_json(read_stats(*shared));
  EXPECT_EQ(json["name"], "app");
  EXPECT_EQ(json["balance"], "round_robin");
  const auto& first = json["endpoints"][0];
  EXPECT_EQ(first["addresses"], nlohmann::ordered_json::array({"10.0.0.1:80"}));
  EXPECT_EQ(first["status"], "active");
  EXPECT_EQ(first["health"]["reason"], "no health check");
  EXPECT_EQ(first["active_requests"], 1);
  EXPECT_EQ(first["connections"], (nlohmann::ordered_json{{"open", 2}, {"idle", 1}, {"in_use", 1}}));
  EXPECT_EQ(first["totals"]["opened"], 2);
  const auto& second = json["endpoints"][1];
  EXPECT_TRUE(second["addresses"].empty());
  EXPECT_EQ(second["health"]["state"], "unhealthy");
  EXPECT_EQ(second["health"]["reason"], "status 503");
  EXPECT_EQ(second["health"]["since"], "2023-11-14T22:13:20Z");
}

TEST(UpstreamStats, tell_what_was_not_checked_yet_from_what_never_will_be) {
  const auto reason = [](const std::function<void(UpstreamConfig&)>& configure) {
    const auto shared = shared_upstream({"10.0.0.1:80"}, configure);
    return to_json(read_stats(*shared))["endpoints"][0]["health"]["reason"];
  };
  EXPECT_EQ(reason([](UpstreamConfig& config) { config.health_check.emplace(); }), "not checked yet");
  EXPECT_EQ(reason({}), "no health check");
}

}  // namespace
}  // namespace sluice::upstream
