// An upstream whose endpoints change while it runs.
#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include <nlohmann/json.hpp>

#include "upstream/discovery.h"
#include "upstream/health/checker.h"
#include "upstream/stats.h"
#include "world.h"

namespace sluice::upstream {
namespace {

using namespace testing;
using Names = std::vector<std::string>;

Task<void> listen_silently(net::Transport& transport) {
  for (;;) {
    auto chunk = co_await transport.read();
    if (!chunk || chunk->empty()) co_return;
  }
}

std::vector<EndpointConfig> listed(const Names& addresses) {
  std::vector<EndpointConfig> list;
  for (const auto& address : addresses) list.push_back({.address = address});
  return list;
}

Names names_in(const SharedUpstream& shared) {
  Names names;
  for (const auto& endpoint : shared.written()) names.push_back(endpoint.address);
  return names;
}

// ---- the set ----

TEST(EndpointUpdate, tells_what_came_and_what_left) {
  const auto shared = shared_upstream({"10.0.0.1:80", "10.0.0.2:80"});
  const auto changes = shared->update(listed({"10.0.0.3:80", "10.0.0.2:80"}));
  EXPECT_EQ(changes, (EndpointChanges{.added = {"10.0.0.3:80"}, .removed = {"10.0.0.1:80"}}));
  EXPECT_EQ(names_in(*shared), (Names{"10.0.0.3:80", "10.0.0.2:80"}));
}

TEST(EndpointUpdate, leaves_an_endpoint_that_stays_what_it_is) {
  const auto shared = shared_upstream({"10.0.0.1:80", "10.0.0.2:80"});
  auto& stays = endpoint_at(*shared, 1);
  shared->set_health(stays, {HealthState::unhealthy, HealthReason::refused, 0, 7});
  shared->update(listed({"10.0.0.3:80", "10.0.0.2:80"}));
  EXPECT_EQ(&endpoint_at(*shared, 1), &stays);
  EXPECT_EQ(stays.health().load().state, HealthState::unhealthy);
  EXPECT_EQ(endpoint_at(*shared, 0).health().load(), Health{});
}

TEST(EndpointUpdate, takes_over_weights_and_what_drains) {
  const auto shared = shared_upstream({"10.0.0.1:80", "10.0.0.2:80"});
  auto list = shared->written();
  list[0].weight = 5;
  list[1].drain = true;
  EXPECT_EQ(shared->update(list),
            (EndpointChanges{.reweighted = {"10.0.0.1:80"}, .drained = {"10.0.0.2:80"}}));
  EXPECT_EQ(endpoint_at(*shared, 0).weight(), 5U);
  list[1].drain = false;
  EXPECT_EQ(shared->update(list), (EndpointChanges{.resumed = {"10.0.0.2:80"}}));
}

TEST(EndpointUpdate, that_changes_nothing_disturbs_nobody) {
  const auto shared = shared_upstream({"10.0.0.1:80", "App.internal:80", "[fd00::1]:80"});
  const auto version = shared->version();
  EXPECT_TRUE(shared->update(listed({"10.0.0.1:80", "app.INTERNAL:80", "[FD00:0::1]:80"})).empty());
  EXPECT_EQ(shared->version(), version);
}

TEST(EndpointUpdate, counts_the_first_of_two_with_one_address) {
  const auto shared = shared_upstream({"10.0.0.1:80"});
  const auto changes =
      shared->update({{"10.0.0.1:80", 2}, {"10.0.0.2:80", 3}, {"10.0.0.2:80", 4}, {"10.0.0.1:80", 5}});
  EXPECT_EQ(changes, (EndpointChanges{.added = {"10.0.0.2:80"}, .reweighted = {"10.0.0.1:80"}}));
  EXPECT_EQ(endpoint_at(*shared, 0).weight(), 2U);
  EXPECT_EQ(endpoint_at(*shared, 1).weight(), 3U);
  EXPECT_EQ(shared->endpoints()->endpoints.size(), 2U);
}

TEST(EndpointUpdate, makes_one_that_comes_back_another_endpoint_at_a_place_that_is_free) {
  const auto shared = shared_upstream({"10.0.0.1:80", "10.0.0.2:80"});
  const auto before = endpoint_at(*shared, 0).id();
  shared->update(listed({"10.0.0.2:80"}));
  shared->update(listed({"10.0.0.2:80", "10.0.0.1:80"}));
  const auto after = endpoint_at(*shared, 1).id();
  EXPECT_NE(after, before);
  EXPECT_EQ(place_of(after), place_of(before));
  EXPECT_EQ(shared->endpoints()->places, 2U);
}

// ---- a worker that follows ----

struct ChangingEndpoints : ::testing::Test {
  void use(const Names& endpoints, const std::function<void(UpstreamConfig&)>& configure = {}) {
    shared = shared_upstream(endpoints, configure);
    upstream = std::make_unique<Upstream>(shared, world.loop, world.rng, &FakeClient::make);
  }
  void TearDown() override {
    if (!upstream) return;
    upstream->retire();
    world.tasks.spawn(upstream->drained());
    world.run_for(1s);
    upstream.reset();
    shared->update({});
    EXPECT_TRUE(shared->leaving().empty()) << "somebody keeps an endpoint that is gone";
  }
  EndpointChanges update(const Names& endpoints) {
    auto changes = shared->update(listed(endpoints));
    world.settle();
    return changes;
  }
  std::optional<EndpointId> pick(const TriedSet* tried = nullptr) {
    PickContext context{world.rng, tried};
    return upstream->pick(context);
  }
  EndpointId id(std::size_t index) { return endpoint_at(*shared, index).id(); }

  World world;
  std::shared_ptr<SharedUpstream> shared;
  std::unique_ptr<Upstream> upstream;
};

TEST_F(ChangingEndpoints, keep_the_idle_connections_of_those_that_stay) {
  use({"10.0.0.1:80", "10.0.0.2:80"});
  world.serve("10.0.0.1:80");
  world.serve("10.0.0.2:80");
  world.connect(*upstream, {}, id(1))->end();
  update({"10.0.0.3:80", "10.0.0.2:80"});
  const auto lease = upstream->reuse(id(1));
  ASSERT_TRUE(lease);
  EXPECT_TRUE(lease->reused());
  EXPECT_EQ(world.connects(), 1U);
}

TEST_F(ChangingEndpoints, get_requests_as_soon_as_they_have_come) {
  use({"10.0.0.1:80"});
  world.serve("10.0.0.2:80");
  shared->update(listed({"10.0.0.2:80"}));
  EXPECT_EQ(pick(), id(0)) << "at once, without a turn of the loop";
  EXPECT_TRUE(world.connect(*upstream, {}, id(0))->ok());
}

TEST_F(ChangingEndpoints, share_requests_by_their_new_weights) {
  use({"10.0.0.1:80", "10.0.0.2:80"});
  auto list = shared->written();
  list[1].weight = 3;
  shared->update(list);
  int second = 0;
  for (int i = 0; i < 40; ++i) second += pick() == id(1);
  EXPECT_EQ(second, 30);
}

TEST_F(ChangingEndpoints, close_the_idle_connections_of_one_that_leaves_though_nobody_asks) {
  use({"10.0.0.1:80", "10.0.0.2:80"});
  auto& server = world.serve("10.0.0.1:80");
  world.connect(*upstream)->end();
  std::weak_ptr<SharedEndpoint> left = shared->endpoints()->endpoints[0];
  update({"10.0.0.2:80"});
  EXPECT_TRUE(server.connection(0).peer_gone());
  EXPECT_TRUE(shared->leaving().empty());
  EXPECT_TRUE(left.expired()) << "its memory is given back";
}

TEST_F(ChangingEndpoints, finish_what_they_have_under_way_when_they_leave) {
  use({"10.0.0.1:80", "10.0.0.2:80"});
  auto& server = world.serve("10.0.0.1:80");
  const auto first = id(0);
  auto held = world.connect(*upstream);
  std::weak_ptr<SharedEndpoint> left = shared->endpoints()->endpoints[0];
  update({"10.0.0.2:80"});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(pick(), id(0));
  EXPECT_EQ(held->lease().endpoint(), first);
  EXPECT_EQ(held->lease().endpoint_host(), "10.0.0.1");
  EXPECT_FALSE(server.connection(0).peer_gone());
  EXPECT_TRUE(upstream->in_use());
  ASSERT_EQ(shared->leaving().size(), 1U);
  held->end();
  world.settle();
  EXPECT_TRUE(server.connection(0).peer_gone()) << "it is not kept";
  EXPECT_FALSE(upstream->in_use());
  EXPECT_TRUE(shared->leaving().empty());
  EXPECT_TRUE(left.expired());
}

TEST_F(ChangingEndpoints, send_who_waits_elsewhere_when_they_leave) {
  use({"10.0.0.1:80", "10.0.0.2:80"}, [](auto& config) { config.connections.max = 1; });
  world.serve("10.0.0.1:80");
  auto holder = world.connect(*upstream);
  auto waits = world.connect(*upstream);
  EXPECT_FALSE(waits->done());
  update({"10.0.0.2:80"});
  ASSERT_TRUE(waits->done());
  EXPECT_EQ(waits->error(), (Error{Fault::removed, Side::upstream, true}));
  EXPECT_TRUE(holder->ok());
}

TEST_F(ChangingEndpoints, let_a_dial_finish_that_is_under_way_when_they_leave) {
  use({"10.0.0.1:80", "10.0.0.2:80"});
  world.connects_to("10.0.0.1:80", Fault::timed_out);
  auto fails = world.connect(*upstream);
  update({"10.0.0.2:80"});
  EXPECT_FALSE(fails->done());
  EXPECT_EQ(shared->leaving().size(), 1U);
  world.run_for(1100ms);
  EXPECT_EQ(fails->error().fault, Fault::timed_out);
  EXPECT_TRUE(shared->leaving().empty());
}

TEST_F(ChangingEndpoints, refuse_a_connection_to_one_that_was_picked_before_it_left) {
  use({"10.0.0.1:80"});
  world.serve("10.0.0.2:80");
  const auto picked = *pick();
  shared->update(listed({"10.0.0.2:80"}));
  EXPECT_EQ(place_of(id(0)), 1U);
  auto attempt = world.connect(*upstream, {}, picked);
  EXPECT_EQ(attempt->error(), (Error{Fault::removed, Side::upstream, true}));
  EXPECT_FALSE(upstream->reuse(picked));
  EXPECT_TRUE(upstream->endpoint_name(picked).empty());
}

TEST_F(ChangingEndpoints, are_not_taken_for_those_whose_place_they_have) {
  use({"10.0.0.1:80", "10.0.0.2:80"});
  world.serve("10.0.0.3:80");
  const auto first = id(0);
  TriedSet tried;
  tried.add(first);
  update({"10.0.0.2:80"});
  update({"10.0.0.2:80", "10.0.0.3:80"});
  ASSERT_EQ(place_of(id(1)), place_of(first));
  tried.add(id(0));
  EXPECT_EQ(pick(&tried), id(1)) << "it was not tried";
  EXPECT_FALSE(world.connect(*upstream, {}, first)->ok());
  EXPECT_TRUE(world.connect(*upstream, {}, id(1))->ok());
}

TEST_F(ChangingEndpoints, begin_anew_when_they_come_back) {
  use({"10.0.0.1:80"});
  auto& server = world.serve("10.0.0.1:80");
  auto held = world.connect(*upstream);
  world.connect(*upstream)->end();
  shared->update({});
  shared->update(listed({"10.0.0.1:80"}));
  auto again = world.connect(*upstream, {}, *pick());
  EXPECT_FALSE(again->lease().reused());
  EXPECT_EQ(server.accepted(), 3U);
  EXPECT_EQ(endpoint_at(*shared).connections(), 1U) << "the old one counts for itself";
  world.settle();
  EXPECT_EQ(shared->leaving().size(), 1U);
  held->end();
}

TEST_F(ChangingEndpoints, may_be_none) {
  use({"10.0.0.1:80"});
  world.serve("10.0.0.1:80");
  update({});
  EXPECT_FALSE(pick());
  update({"10.0.0.1:80"});
  EXPECT_TRUE(world.connect(*upstream, {}, *pick())->ok());
}

TEST_F(ChangingEndpoints, that_drain_get_no_requests_and_keep_what_they_have) {
  use({"10.0.0.1:80", "10.0.0.2:80"});
  auto& server = world.serve("10.0.0.1:80");
  auto held = world.connect(*upstream);
  auto list = shared->written();
  list[0].drain = true;
  shared->update(list);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(pick(), id(1));
  held->end();
  EXPECT_FALSE(server.connection(0).peer_gone());
  list[1].drain = true;
  shared->update(list);
  EXPECT_FALSE(pick()) << "not even where nobody else is there";
  list[0].drain = false;
  shared->update(list);
  EXPECT_EQ(pick(), id(0));
  EXPECT_TRUE(upstream->reuse(id(0))) << "as if nothing had been";
}

TEST_F(ChangingEndpoints, are_shown_with_those_that_leave_until_they_are_done) {
  use({"10.0.0.1:80", "10.0.0.2:80"});
  world.serve("10.0.0.1:80");
  auto held = world.connect(*upstream);
  auto list = shared->written();
  list.erase(list.begin());
  list[0].drain = true;
  shared->update(list);
  world.settle();
  auto json = to_json(read_stats(*shared))["endpoints"];
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0]["status"], "draining");
  EXPECT_EQ(json[1]["name"], "10.0.0.1:80");
  EXPECT_EQ(json[1]["status"], "leaving");
  EXPECT_EQ(json[1]["active_requests"], 1);
  held->end();
  world.settle();
  json = to_json(read_stats(*shared))["endpoints"];
  ASSERT_EQ(json.size(), 1U);
  EXPECT_EQ(shared->totals().opened, 1U) << "what is counted never goes down";
}

TEST_F(ChangingEndpoints, end_the_connections_of_their_clients_when_they_leave) {
  use({"10.0.0.1:80", "10.0.0.2:80"}, [](auto& config) { config.proxy_protocol = net::ProxyVersion::v1; });
  auto& server = world.serve("10.0.0.1:80");
  auto anna = std::make_optional<Visitor>("203.0.113.7:5001");
  world.connect(*upstream, {.client = &anna->connections})->end();
  auto held = world.connect(*upstream, {.fresh = true, .client = &anna->connections});
  update({"10.0.0.2:80"});
  EXPECT_TRUE(server.connection(0).peer_gone());
  held->end();
  world.settle();
  EXPECT_TRUE(server.connection(1).peer_gone());
  EXPECT_TRUE(shared->leaving().empty());
  anna.reset();
}

TEST_F(ChangingEndpoints, let_the_streams_of_a_connection_end_when_they_leave) {
  shared =
      shared_upstream({"10.0.0.1:80", "10.0.0.2:80"}, [](auto& config) { config.protocol = Protocol::h2; });
  upstream = std::make_unique<Upstream>(shared, world.loop, world.rng);
  auto& server = world.serve("10.0.0.1:80", listen_silently);
  auto first = world.connect(*upstream);
  auto second = world.connect(*upstream);
  EXPECT_FALSE(second->done()) << "the settings are not in";
  update({"10.0.0.2:80"});
  EXPECT_EQ(second->error().fault, Fault::removed);
  EXPECT_FALSE(server.connection(0).peer_gone());
  EXPECT_EQ(shared->leaving().size(), 1U);
  first->end();
  world.settle();
  EXPECT_TRUE(server.connection(0).peer_gone());
  EXPECT_TRUE(shared->leaving().empty());
}

TEST_F(ChangingEndpoints, that_leave_in_a_crowd_are_seen_off_in_small_groups) {
  Names many;
  for (int i = 0; i < 200; ++i) many.push_back("10.0.1." + std::to_string(i + 1) + ":80");
  use(many);
  std::vector<Server*> servers;
  for (const auto& address : many) servers.push_back(&world.serve(address));
  for (std::size_t i = 0; i < many.size(); ++i) world.connect(*upstream, {}, id(i))->end();
  const auto closed = [&] {
    return std::count_if(servers.begin(), servers.end(),
                         [](auto* s) { return s->connection(0).peer_gone(); });
  };
  update({});
  EXPECT_FALSE(pick());
  EXPECT_EQ(closed(), 16);
  world.run_for(3ms);
  EXPECT_LE(closed(), 64);
  world.run_for(20ms);
  EXPECT_EQ(closed(), 200);
  EXPECT_TRUE(shared->leaving().empty());
}

TEST_F(ChangingEndpoints, are_followed_no_more_by_an_upstream_that_is_drained) {
  use({"10.0.0.1:80"});
  world.serve("10.0.0.1:80");
  world.connect(*upstream)->end();
  upstream->retire();
  bool drained = false;
  world.tasks.spawn([](Upstream& u, bool& done) -> Task<void> {
    co_await u.drained();
    done = true;
  }(*upstream, drained));
  update({"10.0.0.2:80"});
  EXPECT_TRUE(drained);
  upstream.reset();
}

TEST_F(ChangingEndpoints, that_come_to_a_retired_upstream_keep_no_connection) {
  use({"10.0.0.1:80"});
  world.serve("10.0.0.2:80");
  upstream->retire();
  update({"10.0.0.2:80"});
  world.connect(*upstream, {}, *pick())->end();
  EXPECT_EQ(endpoint_at(*shared).connections(), 0U);
}

// ---- who checks and resolves them ----

TEST_F(ChangingEndpoints, are_checked_while_they_belong_to_the_upstream) {
  use({"10.0.0.1:80"}, [](auto& config) {
    config.health_check.emplace();
    config.health_check->type = CheckType::tcp;
    config.health_check->jitter = {0};
    config.health_check->interval = 1s;
  });
  auto& first = world.serve("10.0.0.1:80");
  auto& second = world.serve("10.0.0.2:80");
  HealthChecker checker(world.loop, world.rng, shared, [](bool, std::string_view) {});
  checker.sync();
  world.run_for(2500ms);
  EXPECT_EQ(first.accepted(), 3U);
  shared->update({{"10.0.0.1:80", 1, true}, {"10.0.0.2:80", 1}});
  checker.sync();
  world.run_for(1s);
  EXPECT_EQ(first.accepted(), 4U) << "one that drains is checked on, and at its old pace";
  EXPECT_EQ(second.accepted(), 2U) << "at once, and then at its pace";
  EXPECT_EQ(endpoint_at(*shared, 1).health().load().state, HealthState::healthy);
  shared->update(listed({"10.0.0.2:80"}));
  checker.sync();
  world.run_for(3s);
  EXPECT_EQ(first.accepted(), 4U);
  EXPECT_EQ(second.accepted(), 5U);
  EXPECT_TRUE(shared->leaving().empty()) << "the check has let go of it";
  checker.stop();
  world.tasks.spawn([](HealthChecker& c) -> Task<void> { co_await c.join(); }(checker));
  world.settle();
}

TEST_F(ChangingEndpoints, are_no_longer_checked_when_they_leave_during_a_check) {
  use({"10.0.0.1:80"}, [](auto& config) {
    config.health_check.emplace();
    config.health_check->type = CheckType::tcp;
    config.health_check->jitter = {0};
  });
  world.connects_to("10.0.0.1:80", Fault::timed_out);
  HealthChecker checker(world.loop, world.rng, shared, [](bool, std::string_view) {});
  checker.sync();
  world.settle();
  shared->update({});
  checker.sync();
  world.settle();
  EXPECT_TRUE(shared->leaving().empty());
  bool joined = false;
  world.tasks.spawn([](HealthChecker& c, bool& done) -> Task<void> {
    co_await c.join();
    done = true;
  }(checker, joined));
  world.settle();
  EXPECT_TRUE(joined) << "a check of one that left still runs";
}

TEST_F(ChangingEndpoints, with_names_are_resolved_while_they_belong_to_the_upstream) {
  use({"a.internal:80"});
  FixedResolver resolver;
  resolver.set("a.internal", {Addresses{at("10.0.0.1:0")}, {}, {}});
  resolver.set("b.internal", {Addresses{at("10.0.0.2:0")}, {}, {}});
  Discovery discovery({world.loop, resolver, world.rng, DnsConfig{}, [](bool, std::string_view) {}});
  discovery.sync(shared);
  world.settle();
  std::weak_ptr<SharedEndpoint> left = shared->endpoints()->endpoints[0];
  shared->update(listed({"b.internal:80"}));
  discovery.sync(shared);
  world.settle();
  EXPECT_EQ(*endpoint_at(*shared).addresses(), Addresses{at("10.0.0.2:80")});
  EXPECT_TRUE(shared->leaving().empty());
  EXPECT_TRUE(left.expired()) << "its name has let go of it";
  resolver.set("b.internal", {Addresses{at("10.0.0.3:0")}, {}, {}});
  discovery.sync(shared);
  world.settle();
  EXPECT_EQ(*endpoint_at(*shared).addresses(), Addresses{at("10.0.0.2:80")})
      << "asked for again before its time";
}

// ---- any order of events ----

// Requests that go on to another endpoint where the one that they had picked has left, as the forwarder does.
class Requests {
 public:
  Requests(World& world, Rng& rng, Duration patience = 2s) : world_(world), rng_(rng), patience_(patience) {}

  void begin(Upstream& upstream) { world_.tasks.spawn(run(upstream)); }

  int served = 0;
  std::vector<Fault> failed;  // for another reason than that an endpoint left

 private:
  Task<void> run(Upstream& upstream) {
    TriedSet tried;
    for (;;) {
      PickContext context{world_.rng, &tried};
      const auto id = upstream.pick(context);
      if (!id) {
        failed.push_back(Fault::none);
        co_return;
      }
      tried.add(*id);
      if (rng_.chance(0.2)) co_await world_.loop.sleep(3ms);
      auto lease = co_await upstream.connect(*id, {.deadline = world_.loop.now() + patience_});
      if (!lease && lease.error().fault == Fault::removed) continue;
      if (!lease) {
        failed.push_back(lease.error().fault);
        co_return;
      }
      co_await world_.loop.sleep(Duration(rng_.below(40)) * 1'000'000);
      if (rng_.chance(0.1)) lease->discard();
      ++served;
      co_return;
    }
  }

  World& world_;
  Rng& rng_;
  const Duration patience_;
};

// 10.0.0.1 always stays; of the others each is there or not, with any weight, draining or not.
std::vector<EndpointConfig> any_endpoints(Rng& rng, unsigned most) {
  std::vector<EndpointConfig> list{{.address = "10.0.0.1:80", .weight = 1 + rng.below(3)}};
  for (unsigned i = 2; i <= most; ++i) {
    if (rng.chance(0.5)) continue;
    list.push_back({"10.0.0." + std::to_string(i) + ":80", 1 + rng.below(3), rng.chance(0.2)});
  }
  return list;
}

void end(World& world, Upstream& upstream) {
  upstream.retire();
  bool drained = false;
  world.tasks.spawn([](Upstream& u, bool& done) -> Task<void> {
    co_await u.drained();
    done = true;
  }(upstream, drained));
  world.run_for(1s);
  EXPECT_TRUE(drained);
}

// One seed: two workers, 60 steps of requests, updates, flips of health and passing time.
void run_any_order(std::uint64_t seed, Balance balance, std::uint64_t failing, int& served, int& failed) {
  World world;
  Rng rng(seed);
  const auto shared = shared_upstream({"10.0.0.1:80"}, [&](UpstreamConfig& config) {
    config.balance = balance;
    config.connections = {.max = 3, .idle_max = 4, .pending_max = 100};
  });
  for (int i = 1; i <= 6; ++i) world.serve("10.0.0." + std::to_string(i) + ":80");
  std::optional<Upstream> one(std::in_place, shared, world.loop, world.rng, &FakeClient::make);
  std::optional<Upstream> two(std::in_place, shared, world.loop, world.rng, &FakeClient::make);
  if (failing != 0) world.faults.fail_operation(failing, Fault::reset);
  Requests requests(world, rng);
  for (int step = 0; step < 60; ++step) {
    switch (rng.below(6)) {
      case 0:
      case 1:
      case 2:
        requests.begin(rng.chance(0.5) ? *one : *two);
        break;
      case 3:
        shared->update(any_endpoints(rng, 6));
        break;
      case 4: {
        auto& some = endpoint_at(*shared, shared->endpoints()->endpoints.size() - 1);
        if (some.name() == "10.0.0.1:80") break;
        const auto state = rng.chance(0.5) ? HealthState::unhealthy : HealthState::healthy;
        shared->set_health(some, {state, HealthReason::none, 0, 0});
        break;
      }
      case 5:
        world.run_for(Duration(rng.below(20)) * 1'000'000);
        break;
    }
    if (rng.chance(0.7)) world.settle();
  }
  world.run_for(5s);
  EXPECT_EQ(world.tasks.size(), 0U) << "a request hangs";
  EXPECT_FALSE(one->in_use() || two->in_use());
  EXPECT_TRUE(shared->leaving().empty()) << "what left is not gone";
  EXPECT_EQ(shared->totals().opened + shared->totals().connect_failed, world.connects());
  for (const auto& endpoint : shared->endpoints()->endpoints) {
    EXPECT_EQ(endpoint->active(), 0U);
    EXPECT_EQ(endpoint->waiting(), 0U);
    EXPECT_EQ(endpoint->connections(), endpoint->counts().idle);
  }
  end(world, *one);
  end(world, *two);
  served += requests.served;
  failed += static_cast<int>(requests.failed.size());
}

struct AnyOrder : ::testing::TestWithParam<Balance> {};
INSTANTIATE_TEST_SUITE_P(Of, AnyOrder,
                         ::testing::Values(Balance::round_robin, Balance::random, Balance::least_request));

TEST_P(AnyOrder, of_updates_and_requests_fails_none_and_leaves_nothing_behind) {
  int served = 0, failed = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    run_any_order(seed, GetParam(), 0, served, failed);
  }
  EXPECT_EQ(failed, 0);
  EXPECT_GT(served, 2000);
}

TEST_P(AnyOrder, of_updates_and_requests_survives_an_operation_that_fails) {
  int served = 0, failed = 0;
  for (std::uint64_t n = 1; n <= 60; ++n) {
    SCOPED_TRACE(n);
    run_any_order(n, GetParam(), n, served, failed);
  }
  EXPECT_LE(failed, 60) << "one failure fails one request at most";
}

// Of the connections to those that stay none is dialed twice on account of others that come and go.
TEST_F(ChangingEndpoints, cost_those_that_stay_no_dial) {
  use({"10.0.0.1:80"});
  auto& stays = world.serve("10.0.0.1:80");
  for (int i = 2; i <= 6; ++i) world.serve("10.0.0." + std::to_string(i) + ":80");
  Rng rng(3);
  std::optional<EndpointId> picked;
  for (int i = 0; i < 200; ++i) {
    shared->update(any_endpoints(rng, 6));
    if (rng.chance(0.5)) world.settle();
    picked = pick();
    ASSERT_TRUE(picked);
    auto attempt = world.connect(*upstream, {}, *picked);
    EXPECT_TRUE(attempt->ok());
  }
  EXPECT_LE(stays.accepted(), 1U);
}

// ---- with threads ----

// A worker with a network of its own, until it is over.
void work(const std::shared_ptr<SharedUpstream>& shared, std::uint64_t seed, const std::atomic<bool>& over) {
  World world;
  Rng rng(seed);
  for (int i = 1; i <= 6; ++i) world.serve("10.0.0." + std::to_string(i) + ":80");
  std::optional<Upstream> upstream(std::in_place, shared, world.loop, world.rng, &FakeClient::make);
  Requests requests(world, rng,
                    24h);  // each worker has a clock of its own, and waits for slots of the others
  do {
    if (world.tasks.size() < 12) requests.begin(*upstream);
    world.run_for(2ms);
  } while (!over.load(std::memory_order_relaxed));
  while (world.tasks.size() != 0) world.run_for(2ms);
  EXPECT_GT(requests.served, 0);
  EXPECT_EQ(requests.failed, std::vector<Fault>{});
  end(world, *upstream);
}

void change(SharedUpstream& shared, Rng& rng) {
  auto list = any_endpoints(rng, 6);
  list.push_back({.address = "app.internal:80"});
  shared.update(list);
  const auto set = shared.endpoints();
  const auto& named = set->endpoints.back();
  shared.publish(*named, {at("10.0.0." + std::to_string(1 + rng.below(6)) + ":80")});
  const auto state = rng.chance(0.5) ? HealthState::unhealthy : HealthState::healthy;
  shared.set_health(*named, {state, HealthReason::none, 0, 0});
}

// ThreadSanitizer looks at this.
TEST(ChangingEndpointsOnThreads, fail_no_request_and_leave_nothing_behind) {
  const auto shared = shared_upstream({"10.0.0.1:80", "app.internal:80"},
                                      [](UpstreamConfig& config) { config.connections.max = 5; });
  shared->publish(endpoint_at(*shared, 1), {at("10.0.0.2:80")});
  std::atomic<bool> over{false};  // relaxed: it says nothing of anything else
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) threads.emplace_back(work, shared, seed, std::cref(over));
  threads.emplace_back([&] {
    std::uint64_t seen = 0;
    while (!over.load(std::memory_order_relaxed)) {
      EXPECT_GE(read_stats(*shared).endpoints.size(), 2U);
      const auto opened = shared->totals().opened;
      EXPECT_GE(opened, seen) << "what is counted went down";
      seen = opened;
      std::this_thread::yield();
    }
  });
  Rng rng(5);
  for (int i = 0; i < 500; ++i) {
    change(*shared, rng);
    std::this_thread::yield();
  }
  over.store(true, std::memory_order_relaxed);
  for (auto& thread : threads) thread.join();
  shared->update({});
  EXPECT_TRUE(shared->leaving().empty());
  EXPECT_EQ(shared->totals().idle, 0U);
  EXPECT_EQ(shared->totals().leased, 0U);
}

}  // namespace
}  // namespace sluice::upstream
