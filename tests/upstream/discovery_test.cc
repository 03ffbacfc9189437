#include "upstream/discovery.h"

#include "world.h"

namespace sluice::upstream {
namespace {

using namespace testing;

using AddressAnswer = Answer<Addresses>;

const AddressAnswer no_such_name{Error{Fault::unresolved, Side::upstream, true}, {}, "no such name"};
const AddressAnswer no_answer{Error{Fault::timed_out, Side::upstream, true}, {}, "no answer in time"};

AddressAnswer found(Addresses addresses, std::optional<Duration> ttl = {}) {
  return {std::move(addresses), ttl, {}};
}

struct Names : ::testing::Test {
  void follow(const std::string& endpoint) {
    shared = shared_upstream({endpoint});
    discovery = std::make_unique<Discovery>(Discovery::Parts{
        world.loop, resolver, world.rng, config, [this](bool warning, std::string_view line) {
          log.push_back((warning ? "warn: " : "info: ") + std::string(line));
        }});
    discovery->sync(shared);
    world.settle();
  }
  Addresses addresses() { return *endpoint_at(*shared).addresses(); }

  /// How often the name is asked for in so long.
  std::size_t questions_in(Duration duration) {
    const auto before = resolver.asked();
    world.run_for(duration);
    return resolver.asked() - before;
  }

  World world;
  FixedResolver resolver;
  DnsConfig config;
  std::shared_ptr<SharedUpstream> shared;
  std::unique_ptr<Discovery> discovery;
  std::vector<std::string> log;
};

TEST_F(Names, resolve_at_once_with_the_endpoints_port) {
  resolver.set("app.internal", found(Addresses{at("10.0.0.1:0"), at("[fd00::1]:0")}));
  follow("app.internal:8080");
  EXPECT_EQ(addresses(), (Addresses{at("10.0.0.1:8080"), at("[fd00::1]:8080")}));
  EXPECT_EQ(log.size(), 1U);
}

TEST_F(Names, are_asked_for_again_when_their_ttl_is_over) {
  resolver.set("app.internal", found({at("10.0.0.1:0")}, 20s));
  follow("app.internal:80");
  resolver.set("app.internal", found({at("10.0.0.2:0")}, 20s));
  world.run_for(19s);
  EXPECT_EQ(addresses(), Addresses{at("10.0.0.1:80")});
  world.run_for(4s);
  EXPECT_EQ(addresses(), Addresses{at("10.0.0.2:80")});
  EXPECT_EQ(log.back(), "info: upstream app: app.internal:80 is at 10.0.0.2:80");
}

TEST_F(Names, of_an_answer_without_ttl_are_asked_for_after_30_seconds) {
  resolver.set("app.internal", found({at("10.0.0.1:0")}));
  follow("app.internal:80");
  EXPECT_EQ(questions_in(29s), 0U);
  EXPECT_EQ(questions_in(5s), 1U);
}

TEST_F(Names, keep_to_the_bounds_of_the_ttl) {
  config.min_ttl = 2s;
  config.max_ttl = 60s;
  config.jitter = {0};
  resolver.set("app.internal", found({at("10.0.0.1:0")}, 0s));
  follow("app.internal:80");
  EXPECT_EQ(questions_in(21s), 10U) << "a TTL of 0 does not ask all the time";
  resolver.set("app.internal", found({at("10.0.0.1:0")}, std::chrono::hours(24 * 365)));
  world.run_for(2s);
  EXPECT_EQ(questions_in(601s), 10U) << "nor does an absurd one keep a name for ever";
}

TEST_F(Names, that_end_together_are_not_asked_for_in_step) {
  config.jitter = {50};
  resolver.set("app.internal", found({at("10.0.0.1:0")}, 100s));
  std::vector<std::string> endpoints;
  for (int port = 1; port <= 100; ++port) endpoints.push_back("app.internal:" + std::to_string(port));
  shared = shared_upstream(endpoints);
  discovery = std::make_unique<Discovery>(
      Discovery::Parts{world.loop, resolver, world.rng, config, [](bool, std::string_view) {}});
  discovery->sync(shared);
  EXPECT_EQ(questions_in(99s), 0U);
  for (int slice = 0; slice < 5; ++slice) {
    const auto asked = questions_in(10s);
    EXPECT_GT(asked, 5U) << slice;
    EXPECT_LT(asked, 40U) << slice;
  }
}

TEST_F(Names, keep_their_addresses_when_dns_is_down_for_ten_minutes_and_say_so_once) {
  world.serve("10.0.0.1:80");
  resolver.set("app.internal", found({at("10.0.0.1:0")}, 30s));
  follow("app.internal:80");
  Upstream upstream(shared, world.loop, world.rng, &FakeClient::make);
  resolver.set("app.internal", no_answer);
  for (int minute = 0; minute < 10; ++minute) {
    world.run_for(60s);
    EXPECT_TRUE(world.connect(upstream, {.fresh = true})->ok()) << minute;
  }
  EXPECT_EQ(addresses(), Addresses{at("10.0.0.1:80")});
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[1],
            "warn: upstream app: app.internal:80 does not resolve (no answer in time); kept at 10.0.0.1:80");
  EXPECT_EQ(endpoint_at(*shared).resolution().get().failure, "no answer in time");
  EXPECT_GT(world.loop.now() - *endpoint_at(*shared).resolution().get().answered, 9min);
  resolver.set("app.internal", found({at("10.0.0.1:0")}, 30s));
  world.run_for(34s);
  ASSERT_EQ(log.size(), 3U) << "a name that resolves again is found within the longest pause";
  EXPECT_EQ(log[2], "info: upstream app: app.internal:80 is at 10.0.0.1:80");
  EXPECT_EQ(endpoint_at(*shared).resolution().get().failure, "");
}

TEST_F(Names, that_nobody_answers_for_are_asked_for_less_and_less_often) {
  config.jitter = {0};
  resolver.set("app.internal", no_answer);
  follow("app.internal:80");
  EXPECT_EQ(
      log.back(),
      "warn: upstream app: app.internal:80 does not resolve (no answer in time); it has no address yet");
  EXPECT_EQ(questions_in(15500ms), 4U) << "after 1, 2, 4 and 8 s";
  EXPECT_EQ(questions_in(16s), 1U);
  EXPECT_EQ(questions_in(300s), 10U) << "every 30 s at last";
}

TEST_F(Names, that_do_not_exist_are_asked_for_when_the_soa_says) {
  config.jitter = {0};
  auto negative = no_such_name;
  negative.ttl = 10s;
  resolver.set("app.internal", negative);
  follow("app.internal:80");
  EXPECT_EQ(questions_in(101s), 10U);
  negative.ttl = 24h;
  resolver.set("app.internal", negative);
  world.run_for(10s);
  EXPECT_EQ(questions_in(301s), 10U) << "negative_ttl is 30 s";
}

TEST_F(Names, lose_their_addresses_when_they_have_been_stale_for_longer_than_configured) {
  config.stale = 5min;
  resolver.set("app.internal", found({at("10.0.0.1:0")}, 30s));
  follow("app.internal:80");
  resolver.set("app.internal", no_answer);
  world.run_for(299s);
  EXPECT_EQ(addresses().size(), 1U);
  world.run_for(2s);
  EXPECT_TRUE(addresses().empty());
  EXPECT_EQ(log.back(),
            "warn: upstream app: app.internal:80 has not resolved for 5m: its addresses are used no more");
  world.run_for(10min);
  EXPECT_EQ(log.size(), 3U) << "once";
}

TEST_F(Names, that_flap_are_logged_once_for_each_change) {
  config.jitter = {0};
  follow("app.internal:80");
  ASSERT_EQ(log.size(), 1U);
  for (int flap = 1; flap <= 10; ++flap) {
    const auto* address = flap % 2 == 0 ? "10.0.0.1:0" : "10.0.0.2:0";
    resolver.set("app.internal", found({at(address)}, 1s));
    world.run_for(30s);
    EXPECT_EQ(log.size(), 1U + static_cast<std::size_t>(flap));
  }
}

TEST_F(Names, do_not_mind_another_order_of_the_same_addresses) {
  resolver.set("app.internal", found(Addresses{at("10.0.0.1:0"), at("10.0.0.2:0")}));
  follow("app.internal:80");
  const auto version = shared->version();
  resolver.set("app.internal", found(Addresses{at("10.0.0.2:0"), at("10.0.0.1:0")}));
  world.run_for(31s);
  EXPECT_EQ(shared->version(), version);
}

TEST_F(Names, are_no_longer_asked_for_once_removed) {
  resolver.set("app.internal", found(Addresses{at("10.0.0.1:0")}));
  follow("app.internal:80");
  discovery->remove(*shared);
  resolver.set("app.internal", found(Addresses{at("10.0.0.2:0")}));
  world.run_for(60s);
  EXPECT_EQ(addresses(), Addresses{at("10.0.0.1:80")});
}

TEST_F(Names, that_are_addresses_need_no_resolver) {
  follow("10.0.0.1:80");
  EXPECT_EQ(addresses(), Addresses{at("10.0.0.1:80")});
  EXPECT_TRUE(log.empty());
}

TEST(ResolveAll, waits_for_every_name) {
  FixedResolver resolver;
  resolver.set("app.internal", found(Addresses{at("10.0.0.1:0")}));
  const auto found = shared_upstream({"app.internal:80", "10.0.0.9:80"});
  const auto missing = shared_upstream({"nowhere.internal:80"});
  const std::vector<std::shared_ptr<SharedUpstream>> all{found, missing};
  resolve_all(resolver, all, 1s);
  EXPECT_EQ(*endpoint_at(*found).addresses(), Addresses{at("10.0.0.1:80")});
  EXPECT_TRUE(endpoint_at(*missing).addresses()->empty());
}

}  // namespace
}  // namespace sluice::upstream
