#include "upstream/pool.h"

#include "world.h"

namespace sluice::upstream {
namespace {

using namespace testing;

struct Pool : ::testing::Test {
  void use(std::vector<std::string> endpoints, const std::function<void(UpstreamConfig&)>& configure = {}) {
    shared = shared_upstream(std::move(endpoints), configure);
    upstream = another_worker();
  }
  std::unique_ptr<Upstream> another_worker() {
    return std::make_unique<Upstream>(shared, world.loop, world.rng, &FakeClient::make);
  }
  PoolTotals counts() { return endpoint_at(*shared).counts(); }
  std::uint32_t open() { return endpoint_at(*shared).connections(); }

  World world;
  std::shared_ptr<SharedUpstream> shared;
  std::unique_ptr<Upstream> upstream;
};

TEST_F(Pool, dials_when_nothing_is_idle) {
  use({"10.0.0.1:80"});
  auto& server = world.serve("10.0.0.1:80");
  auto attempt = world.connect(*upstream);
  ASSERT_TRUE(attempt->ok());
  EXPECT_FALSE(attempt->lease().reused());
  EXPECT_EQ(attempt->lease().endpoint_address(), "10.0.0.1:80");
  EXPECT_EQ(attempt->lease().endpoint_host(), "10.0.0.1");
  EXPECT_EQ(server.accepted(), 1U);
  EXPECT_EQ(counts().opened, 1U);
}

TEST_F(Pool, lends_the_newest_idle_connection_first) {
  use({"10.0.0.1:80"});
  world.serve("10.0.0.1:80");
  auto first = world.connect(*upstream);
  auto second = world.connect(*upstream);
  auto* older = &first->lease().stream();
  auto* newer = &second->lease().stream();
  first->end();
  second->end();
  EXPECT_EQ(counts().idle, 2U);

  auto third = world.connect(*upstream);
  auto fourth = upstream->reuse(0);
  EXPECT_EQ(&third->lease().stream(), newer);
  EXPECT_TRUE(third->lease().reused());
  ASSERT_TRUE(fourth);
  EXPECT_EQ(&fourth->stream(), older);
  EXPECT_EQ(counts().reused, 2U);
  EXPECT_EQ(counts().leased, 2U);
  EXPECT_FALSE(upstream->reuse(0)) << "nothing is idle any more";
}

TEST_F(Pool, has_a_connection_give_its_buffer_back_before_it_is_idle) {
  use({"10.0.0.1:80"});
  world.serve("10.0.0.1:80");
  auto first = world.connect(*upstream);
  auto& client = fake(first->lease());
  EXPECT_EQ(client.rests, 0);
  first->end();
  EXPECT_EQ(counts().idle, 1U);
  EXPECT_EQ(client.rests, 1);
}

TEST_F(Pool, closes_what_is_not_reusable_or_was_discarded) {
  use({"10.0.0.1:80"});
  world.serve("10.0.0.1:80");
  auto first = world.connect(*upstream);
  auto second = world.connect(*upstream);
  fake(first->lease()).reuse = false;
  second->lease().discard();
  first->end();
  second->end();
  EXPECT_EQ(counts().idle, 0U);
  EXPECT_EQ(open(), 0U);
}

TEST_F(Pool, drops_an_idle_connection_that_the_endpoint_closed) {
  use({"10.0.0.1:80"});
  auto& server = world.serve("10.0.0.1:80");
  world.connect(*upstream)->end();
  EXPECT_EQ(counts().idle, 1U);
  server.connection(0).shutdown_write();
  world.settle();
  EXPECT_EQ(counts().idle, 0U);
  EXPECT_EQ(counts().idle_lost, 1U);
  EXPECT_EQ(open(), 0U);
  auto again = world.connect(*upstream);
  EXPECT_FALSE(again->lease().reused());
}

TEST_F(Pool, drops_an_idle_connection_that_speaks_unasked) {
  use({"10.0.0.1:80"});
  auto& server = world.serve("10.0.0.1:80");
  world.connect(*upstream)->end();
  const Slice bytes = "HTTP/1.1 408 Request Timeout\r\n\r\n";
  TaskGroup group;
  group.spawn([](net::Transport& transport, const Slice& slice) -> Task<void> {
    (void)co_await transport.write({&slice, 1});
  }(server.connection(0), bytes));
  world.settle();
  EXPECT_EQ(counts().idle_lost, 1U);
  EXPECT_EQ(open(), 0U);
}

TEST_F(Pool, drops_an_idle_connection_that_breaks) {
  use({"10.0.0.1:80"});
  auto& server = world.serve("10.0.0.1:80");
  world.connect(*upstream)->end();
  server.connection(0).abort(Fault::cancelled, true);
  world.settle();
  EXPECT_EQ(counts().idle, 0U);
  EXPECT_EQ(open(), 0U);
}

TEST_F(Pool, closes_each_idle_connection_after_its_own_idle_timeout) {
  use({"10.0.0.1:80"}, [](auto& config) { config.timeouts.idle = 10s; });
  world.serve("10.0.0.1:80");
  auto first = world.connect(*upstream);
  auto second = world.connect(*upstream);
  first->end();
  world.run_for(6s);
  second->end();
  world.run_for(3900ms);
  EXPECT_EQ(counts().idle, 2U);
  world.run_for(200ms);
  EXPECT_EQ(counts().idle, 1U);
  world.run_for(6s);
  EXPECT_EQ(counts().idle, 0U);
  EXPECT_EQ(counts().idle_expired, 2U);
}

TEST_F(Pool, use_restarts_the_idle_timeout) {
  use({"10.0.0.1:80"}, [](auto& config) { config.timeouts.idle = 10s; });
  world.serve("10.0.0.1:80");
  world.connect(*upstream)->end();
  for (int i = 0; i < 5; ++i) {
    world.run_for(7s);
    EXPECT_TRUE(upstream->reuse(0)) << "ends at once, idle again";
  }
  world.run_for(11s);
  EXPECT_FALSE(upstream->reuse(0));
}

TEST_F(Pool, keeps_at_most_its_share_of_idle_max) {
  use({"10.0.0.1:80"}, [](auto& config) { config.connections.idle_max = 3; });
  auto other = another_worker();
  world.serve("10.0.0.1:80");
  std::vector<std::unique_ptr<Attempt>> attempts;
  for (int i = 0; i < 4; ++i) attempts.push_back(world.connect(*upstream));
  attempts.clear();
  EXPECT_EQ(counts().idle, 2U) << "3 for two workers, rounded up";
  EXPECT_EQ(open(), 2U);
}

TEST_F(Pool, a_fresh_lease_leaves_idle_connections_alone) {
  use({"10.0.0.1:80"});
  world.serve("10.0.0.1:80");
  world.connect(*upstream)->end();
  auto fresh = world.connect(*upstream, {.fresh = true});
  EXPECT_FALSE(fresh->lease().reused());
  EXPECT_EQ(open(), 2U);
}

TEST_F(Pool, a_fresh_lease_takes_the_place_of_an_idle_connection_at_the_limit) {
  use({"10.0.0.1:80"}, [](auto& config) { config.connections.max = 1; });
  world.serve("10.0.0.1:80");
  world.connect(*upstream)->end();
  auto fresh = world.connect(*upstream, {.fresh = true});
  ASSERT_TRUE(fresh->ok());
  EXPECT_FALSE(fresh->lease().reused());
  EXPECT_EQ(open(), 1U);
}

// ---- limits ----

TEST_F(Pool, waits_at_the_limit_and_serves_in_order) {
  use({"10.0.0.1:80"}, [](auto& config) { config.connections.max = 1; });
  world.serve("10.0.0.1:80");
  auto holder = world.connect(*upstream);
  auto first = world.connect(*upstream);
  auto second = world.connect(*upstream);
  EXPECT_FALSE(first->done());
  EXPECT_EQ(counts().pending, 2U);

  holder->end();
  world.settle();
  ASSERT_TRUE(first->ok());
  EXPECT_TRUE(first->lease().reused());
  EXPECT_FALSE(second->done());

  first->lease().discard();
  first->end();
  world.settle();
  ASSERT_TRUE(second->ok());
  EXPECT_FALSE(second->lease().reused()) << "the place of a closed connection";
  EXPECT_EQ(counts().pending, 0U);
  EXPECT_EQ(open(), 1U);
}

TEST_F(Pool, refuses_beyond_pending_max) {
  use({"10.0.0.1:80"}, [](auto& config) { config.connections = {1, 1, 1}; });
  world.serve("10.0.0.1:80");
  auto holder = world.connect(*upstream);
  auto waits = world.connect(*upstream);
  auto refused = world.connect(*upstream);
  ASSERT_TRUE(refused->done());
  EXPECT_EQ(refused->error(), (Error{Fault::too_large, Side::us, true}));
  EXPECT_EQ(counts().pending_full, 1U);
  holder->end();
  world.settle();
  EXPECT_TRUE(waits->ok());
}

TEST_F(Pool, gives_up_waiting_at_the_deadline) {
  use({"10.0.0.1:80"}, [](auto& config) { config.connections.max = 1; });
  world.serve("10.0.0.1:80");
  auto holder = world.connect(*upstream);
  auto waits = world.connect(*upstream, {.deadline = world.loop.now() + 2s});
  world.run_for(1990ms);
  EXPECT_FALSE(waits->done());
  world.run_for(20ms);
  ASSERT_TRUE(waits->done());
  EXPECT_EQ(waits->error(), (Error{Fault::timed_out, Side::us, true}));
  EXPECT_EQ(counts().pending, 0U);
  EXPECT_EQ(counts().pending_timeout, 1U);
  holder->end();
  EXPECT_EQ(counts().idle, 1U);
}

TEST_F(Pool, a_cancelled_wait_leaves_the_queue) {
  use({"10.0.0.1:80"}, [](auto& config) { config.connections.max = 1; });
  world.serve("10.0.0.1:80");
  Canceller canceller;
  auto holder = world.connect(*upstream);
  auto waits = world.connect(*upstream, {.canceller = &canceller});
  auto next = world.connect(*upstream);
  canceller.cancel();
  EXPECT_FALSE(waits->done()) << "never from inside cancel()";
  world.settle();
  EXPECT_EQ(waits->error().fault, Fault::cancelled);
  holder->end();
  world.settle();
  EXPECT_TRUE(next->ok());
}

TEST_F(Pool, a_connection_granted_before_the_cancel_is_not_lost) {
  use({"10.0.0.1:80"}, [](auto& config) { config.connections.max = 1; });
  world.serve("10.0.0.1:80");
  Canceller canceller;
  auto holder = world.connect(*upstream);
  auto waits = world.connect(*upstream, {.canceller = &canceller});
  holder->end();
  canceller.cancel();
  world.settle();
  ASSERT_TRUE(waits->done());
  waits->end();
  EXPECT_EQ(open(), 1U);
  EXPECT_EQ(counts().idle, 1U);
}

TEST_F(Pool, cancelled_before_it_begins_it_does_nothing) {
  use({"10.0.0.1:80"});
  world.serve("10.0.0.1:80");
  Canceller canceller;
  canceller.cancel();
  auto attempt = world.connect(*upstream, {.canceller = &canceller});
  EXPECT_EQ(attempt->error().fault, Fault::cancelled);
  EXPECT_EQ(world.connects(), 0U);
}

TEST_F(Pool, a_worker_at_the_limit_gets_the_idle_connection_slot_of_another) {
  use({"10.0.0.1:80"}, [](auto& config) { config.connections.max = 1; });
  auto other = another_worker();
  world.serve("10.0.0.1:80");
  world.connect(*other)->end();
  EXPECT_EQ(counts().idle, 1U);
  auto attempt = world.connect(*upstream);
  ASSERT_TRUE(attempt->ok());
  EXPECT_FALSE(attempt->lease().reused());
  EXPECT_EQ(open(), 1U);
  EXPECT_EQ(counts().idle, 0U);
}

TEST_F(Pool, a_worker_at_the_limit_gets_the_slot_when_another_worker_is_done) {
  use({"10.0.0.1:80"}, [](auto& config) { config.connections.max = 1; });
  auto other = another_worker();
  world.serve("10.0.0.1:80");
  auto holder = world.connect(*other);
  auto waits = world.connect(*upstream);
  EXPECT_FALSE(waits->done());
  holder->end();
  world.settle();
  EXPECT_TRUE(waits->ok());
}

TEST_F(Pool, a_busy_worker_does_not_starve_another) {
  use({"10.0.0.1:80"}, [](auto& config) { config.connections.max = 1; });
  auto other = another_worker();
  world.serve("10.0.0.1:80");
  auto holder = world.connect(*other);
  auto waits = world.connect(*upstream);
  for (int i = 0; i < 64 && !waits->done(); ++i) {
    auto next = world.connect(*other);
    holder->end();
    world.settle();
    if (!next->done()) {
      ASSERT_TRUE(waits->ok());
      waits->end();
      world.settle();
      ASSERT_TRUE(next->ok());
      return;
    }
    holder = std::move(next);
  }
  FAIL() << "the other worker never got a turn";
}

TEST_F(Pool, a_failed_dial_passes_its_place_to_who_waits) {
  use({"10.0.0.1:80"}, [](auto& config) { config.connections.max = 1; });
  world.connects_to("10.0.0.1:80", Fault::timed_out);
  auto first = world.connect(*upstream);
  auto second = world.connect(*upstream);
  world.connects_to("10.0.0.1:80", Fault::none);
  world.serve("10.0.0.1:80");
  world.run_for(1100ms);
  EXPECT_EQ(first->error(), (Error{Fault::timed_out, Side::upstream, true}));
  EXPECT_TRUE(second->ok());
}

// ---- dialing ----

TEST_F(Pool, gives_up_connecting_after_the_connect_timeout) {
  use({"10.0.0.1:80"}, [](auto& config) { config.timeouts.connect = 300ms; });
  world.connects_to("10.0.0.1:80", Fault::timed_out);
  auto attempt = world.connect(*upstream);
  world.run_for(290ms);
  EXPECT_FALSE(attempt->done());
  world.run_for(20ms);
  ASSERT_TRUE(attempt->done());
  EXPECT_EQ(attempt->error(), (Error{Fault::timed_out, Side::upstream, true}));
  EXPECT_EQ(counts().connect_failed, 1U);
  EXPECT_EQ(open(), 0U);
}

TEST_F(Pool, gives_up_connecting_at_the_deadline_if_that_is_sooner) {
  use({"10.0.0.1:80"});
  world.connects_to("10.0.0.1:80", Fault::timed_out);
  auto attempt = world.connect(*upstream, {.deadline = world.loop.now() + 100ms});
  world.run_for(110ms);
  ASSERT_TRUE(attempt->done());
  EXPECT_EQ(attempt->error().fault, Fault::timed_out);
}

TEST_F(Pool, a_cancelled_dial_ends_soon) {
  use({"10.0.0.1:80"});
  world.connects_to("10.0.0.1:80", Fault::timed_out);
  Canceller canceller;
  auto attempt = world.connect(*upstream, {.canceller = &canceller});
  EXPECT_FALSE(attempt->done());
  canceller.cancel();
  world.settle();
  ASSERT_TRUE(attempt->done());
  EXPECT_EQ(attempt->error(), (Error{Fault::cancelled, Side::us}));
  EXPECT_EQ(open(), 0U);
  EXPECT_EQ(counts().connect_failed, 0U);
}

TEST_F(Pool, says_that_nobody_listens) {
  use({"10.0.0.1:80"});
  auto attempt = world.connect(*upstream);
  ASSERT_TRUE(attempt->done());
  EXPECT_EQ(attempt->error().fault, Fault::refused);
  EXPECT_EQ(attempt->error().side, Side::upstream);
  EXPECT_TRUE(attempt->error().retry_safe);
}

TEST_F(Pool, tries_the_next_address_when_one_refuses) {
  use({"app.internal:80"});
  shared->publish(endpoint_at(*shared), {at("10.0.0.1:80"), at("10.0.0.2:80")});
  world.serve("10.0.0.2:80");
  auto attempt = world.connect(*upstream);
  ASSERT_TRUE(attempt->ok());
  EXPECT_EQ(attempt->lease().endpoint_address(), "10.0.0.2:80");
  EXPECT_EQ(attempt->lease().endpoint_host(), "app.internal");
  EXPECT_EQ(world.connects(), 2U);
}

TEST_F(Pool, takes_addresses_in_turn_and_failing_ones_last) {
  use({"app.internal:80"});
  shared->publish(endpoint_at(*shared), {at("10.0.0.1:80"), at("10.0.0.2:80"), at("10.0.0.3:80")});
  world.serve("10.0.0.2:80");
  world.serve("10.0.0.3:80");
  std::vector<std::unique_ptr<Attempt>> attempts;
  std::vector<std::string_view> used;
  for (int i = 0; i < 4; ++i) {
    attempts.push_back(world.connect(*upstream));
    used.push_back(attempts.back()->lease().endpoint_address());
  }
  EXPECT_EQ(used,
            (std::vector<std::string_view>{"10.0.0.2:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.2:80"}));
  EXPECT_EQ(world.connects(), 5U) << "the one that refuses is dialed once";
  world.run_for(31s);
  for (int i = 0; i < 3; ++i) attempts.push_back(world.connect(*upstream));
  EXPECT_EQ(world.connects(), 9U) << "the failing one is tried again after a while";
}

TEST_F(Pool, reports_the_last_fault_when_every_address_fails) {
  use({"app.internal:80"});
  shared->publish(endpoint_at(*shared), {at("10.0.0.1:80"), at("10.0.0.2:80")});
  world.connects_to("10.0.0.2:80", Fault::unreachable);
  auto attempt = world.connect(*upstream);
  EXPECT_EQ(attempt->error().fault, Fault::unreachable);
  EXPECT_EQ(world.connects(), 2U);
}

TEST_F(Pool, has_no_address_before_the_name_resolved) {
  use({"app.internal:80"});
  PickContext context{world.rng};
  EXPECT_EQ(upstream->pick(context), 0U) << "the attempt tells what is wrong";
  auto attempt = world.connect(*upstream);
  EXPECT_EQ(attempt->error(), (Error{Fault::unresolved, Side::upstream, true}));
}

TEST_F(Pool, drops_idle_connections_to_addresses_that_have_been_gone_for_10_seconds) {
  use({"app.internal:80"});
  shared->publish(endpoint_at(*shared), {at("10.0.0.1:80"), at("10.0.0.2:80")});
  world.serve("10.0.0.1:80");
  world.serve("10.0.0.2:80");
  auto first = world.connect(*upstream);
  auto second = world.connect(*upstream);
  auto third = world.connect(*upstream);
  first->end();
  second->end();
  shared->publish(endpoint_at(*shared), {at("10.0.0.2:80")});
  PickContext context{world.rng};
  EXPECT_EQ(upstream->pick(context), 0U);
  EXPECT_EQ(counts().idle, 2U);
  world.run_for(11s);
  EXPECT_EQ(counts().idle, 1U);
  EXPECT_EQ(third->lease().endpoint_address(), "10.0.0.1:80");
  third->end();
  EXPECT_EQ(counts().idle, 1U) << "what comes back late is closed too";
}

TEST_F(Pool, keeps_connections_over_a_name_that_changes_to_and_fro) {
  use({"app.internal:80"});
  shared->publish(endpoint_at(*shared), {at("10.0.0.1:80")});
  world.serve("10.0.0.1:80");
  world.serve("10.0.0.2:80");
  world.connect(*upstream)->end();
  for (int flap = 0; flap < 10; ++flap) {
    world.run_for(5s);
    shared->publish(endpoint_at(*shared), {at(flap % 2 == 0 ? "10.0.0.2:80" : "10.0.0.1:80")});
    world.connect(*upstream)->end();
  }
  EXPECT_EQ(counts().opened, 1U);
  auto fresh = world.connect(*upstream, {.fresh = true});
  EXPECT_EQ(fresh->lease().endpoint_address(), "10.0.0.1:80") << "where the name leads now";
}

// ---- ends ----

TEST_F(Pool, counts_requests_from_the_attempt_to_the_end_of_the_lease) {
  use({"10.0.0.1:80"});
  world.connects_to("10.0.0.1:80", Fault::timed_out);
  auto dials = world.connect(*upstream);
  EXPECT_EQ(endpoint_at(*shared).active(), 1U);
  world.run_for(2s);
  EXPECT_EQ(endpoint_at(*shared).active(), 0U);
  world.connects_to("10.0.0.1:80", Fault::none);
  world.serve("10.0.0.1:80");
  auto attempt = world.connect(*upstream);
  Lease moved = std::move(attempt->lease());
  attempt->end();
  EXPECT_EQ(endpoint_at(*shared).active(), 1U);
  EXPECT_TRUE(upstream->in_use());
  moved.discard();
  { const Lease last = std::move(moved); }
  EXPECT_EQ(endpoint_at(*shared).active(), 0U);
  EXPECT_FALSE(upstream->in_use());
}

TEST_F(Pool, a_retired_upstream_keeps_nothing) {
  use({"10.0.0.1:80"});
  world.serve("10.0.0.1:80");
  auto held = world.connect(*upstream);
  world.connect(*upstream)->end();
  upstream->retire();
  EXPECT_EQ(counts().idle, 0U);
  EXPECT_TRUE(upstream->in_use());
  held->end();
  EXPECT_EQ(open(), 0U);
  EXPECT_FALSE(upstream->in_use());
  upstream.reset();
  EXPECT_EQ(counts().opened, 2U) << "what a gone worker counted stays";
}

// Every operation of the network fails once; whatever happens, no place and no connection is lost.
TEST_F(Pool, survives_the_failure_of_every_operation) {
  for (std::uint64_t n = 1; n < 40; ++n) {
    SCOPED_TRACE(n);
    World sim;
    auto config = shared_upstream({"app.internal:80"}, [](auto& c) { c.connections = {2, 2, 2}; });
    config->publish(endpoint_at(*config), {at("10.0.0.1:80"), at("10.0.0.2:80")});
    Upstream pool(config, sim.loop, sim.rng, &FakeClient::make);
    auto& server = sim.serve("10.0.0.1:80");
    sim.serve("10.0.0.2:80");
    sim.faults.fail_operation(n, Fault::reset);
    std::vector<std::unique_ptr<Attempt>> attempts;
    for (int i = 0; i < 5; ++i) attempts.push_back(sim.connect(pool, {.deadline = sim.loop.now() + 3s}));
    for (auto& attempt : attempts) {
      if (attempt->ok()) attempt->end();
      sim.settle();
    }
    if (server.accepted() > 0) server.close(0);
    sim.run_for(5s);
    for (auto& attempt : attempts) {
      EXPECT_TRUE(attempt->done());
      attempt->end();
    }
    EXPECT_FALSE(pool.in_use());
    EXPECT_EQ(endpoint_at(*config).active(), 0U);
    EXPECT_EQ(endpoint_at(*config).waiting(), 0U);
    EXPECT_EQ(endpoint_at(*config).connections(), endpoint_at(*config).counts().idle);
    pool.retire();
    EXPECT_EQ(endpoint_at(*config).connections(), 0U);
  }
}

// Seeded orders of connecting, ending, discarding, cancelling, closing and waiting, on two workers.
TEST_F(Pool, holds_its_limits_in_any_order_of_events) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    World sim;
    Rng rng(seed);
    auto config = shared_upstream({"10.0.0.1:80"}, [](auto& c) { c.connections = {3, 2, 4}; });
    Upstream one(config, sim.loop, sim.rng, &FakeClient::make);
    Upstream two(config, sim.loop, sim.rng, &FakeClient::make);
    auto& server = sim.serve("10.0.0.1:80");
    struct Try {
      Canceller canceller;
      std::unique_ptr<Attempt> attempt;
    };
    std::vector<std::unique_ptr<Try>> tries;
    for (int step = 0; step < 60; ++step) {
      auto* some = tries.empty() ? nullptr : tries[rng.below(static_cast<std::uint32_t>(tries.size()))].get();
      switch (rng.below(6)) {
        case 0:
        case 1: {
          tries.push_back(std::make_unique<Try>());
          tries.back()->attempt =
              sim.connect(rng.chance(0.5) ? one : two, {.fresh = rng.chance(0.2),
                                                        .deadline = sim.loop.now() + 500ms,
                                                        .canceller = &tries.back()->canceller});
          break;
        }
        case 2:
          if (some && some->attempt->ok()) some->attempt->end();
          break;
        case 3:
          if (some && some->attempt->ok()) {
            some->attempt->lease().discard();
            some->attempt->end();
          }
          break;
        case 4:
          if (some && !some->attempt->done()) some->canceller.cancel();
          break;
        case 5:
          if (server.accepted() > 0) server.close(rng.below(static_cast<std::uint32_t>(server.accepted())));
          sim.run_for(Duration(rng.below(300)) * 1'000'000);
          break;
      }
      EXPECT_LE(endpoint_at(*config).connections(), 3U);
      EXPECT_LE(endpoint_at(*config).waiting(), 4U);
      if (rng.chance(0.7)) sim.settle();
    }
    sim.run_for(2s);
    for (auto& item : tries) {
      EXPECT_TRUE(item->attempt->done());
      item->attempt->end();
    }
    sim.settle();
    EXPECT_FALSE(one.in_use());
    EXPECT_FALSE(two.in_use());
    const auto left = endpoint_at(*config).counts();
    EXPECT_EQ(endpoint_at(*config).connections(), left.idle);
    EXPECT_EQ(endpoint_at(*config).waiting(), 0U);
    one.retire();
    two.retire();
    EXPECT_EQ(endpoint_at(*config).connections(), 0U);
  }
}

}  // namespace
}  // namespace sluice::upstream
