// Requests that share connections: what a pool does where HTTP/2 is spoken.
#include "upstream/pool.h"

#include "world.h"

namespace sluice::upstream {
namespace {

using namespace testing;

// Takes whatever comes, and says nothing: a peer whose settings are the defaults.
Task<void> listen_silently(net::Transport& transport) {
  for (;;) {
    auto chunk = co_await transport.read();
    if (!chunk || chunk->empty()) co_return;
  }
}

struct Multiplexing : ::testing::Test {
  void use(const std::function<void(UpstreamConfig&)>& configure = {}) {
    shared = shared_upstream({"10.0.0.1:80"}, [&](UpstreamConfig& config) {
      config.protocol = Protocol::h2;
      if (configure) configure(config);
    });
    upstream = std::make_unique<Upstream>(shared, world.loop, world.rng);
  }
  Server& serve() { return world.serve("10.0.0.1:80", listen_silently); }
  void TearDown() override {
    if (!upstream) return;
    upstream->retire();
    world.tasks.spawn(upstream->drained());
    world.settle();
  }
  PoolTotals counts() { return shared->endpoint(0).counts(); }
  std::uint32_t open() { return shared->endpoint(0).connections(); }

  World world;
  std::shared_ptr<SharedUpstream> shared;
  std::unique_ptr<Upstream> upstream;
};

TEST_F(Multiplexing, lends_streams_of_one_connection) {
  use();
  auto& server = serve();
  auto first = world.connect(*upstream);
  auto second = world.connect(*upstream);
  auto third = upstream->reuse(0);
  ASSERT_TRUE(first->ok() && second->ok() && third);
  EXPECT_EQ(server.accepted(), 1U);
  EXPECT_FALSE(first->lease().reused());
  EXPECT_TRUE(second->lease().reused());
  EXPECT_NE(&first->lease().stream(), &second->lease().stream());
  EXPECT_EQ(second->lease().endpoint_address(), "10.0.0.1:80");
  EXPECT_EQ(counts().leased, 3U);
  EXPECT_EQ(counts().idle, 0U);
}

TEST_F(Multiplexing, counts_a_connection_as_idle_when_its_last_stream_ends) {
  use();
  serve();
  auto first = world.connect(*upstream);
  auto second = world.connect(*upstream);
  first->end();
  EXPECT_EQ(counts().idle, 0U);
  second->end();
  EXPECT_EQ(counts().idle, 1U);
  auto third = world.connect(*upstream);
  EXPECT_EQ(counts().idle, 0U);
  EXPECT_EQ(counts().opened, 1U);
  third->end();
}

TEST_F(Multiplexing, opens_another_connection_where_none_has_room) {
  use([](auto& config) { config.connections.streams = 2; });
  auto& server = serve();
  std::vector<std::unique_ptr<Attempt>> attempts;
  for (int i = 0; i < 5; ++i) attempts.push_back(world.connect(*upstream));
  EXPECT_EQ(server.accepted(), 3U);
  for (auto& attempt : attempts) EXPECT_TRUE(attempt->ok());
}

TEST_F(Multiplexing, waits_for_a_stream_where_no_connection_may_be_opened) {
  use([](auto& config) { config.connections = {.max = 1, .streams = 1}; });
  auto& server = serve();
  auto first = world.connect(*upstream);
  auto second = world.connect(*upstream);
  EXPECT_FALSE(second->done());
  first->end();
  world.settle();
  ASSERT_TRUE(second->ok());
  EXPECT_TRUE(second->lease().reused());
  EXPECT_EQ(server.accepted(), 1U);
}

TEST_F(Multiplexing, fails_all_who_wait_for_a_dial_that_fails) {
  use([](auto& config) { config.timeouts.connect = 1s; });
  world.connects_to("10.0.0.1:80", Fault::timed_out);
  auto first = world.connect(*upstream);
  auto second = world.connect(*upstream);
  world.run_for(1100ms);
  ASSERT_TRUE(first->done() && second->done());
  EXPECT_EQ(first->error().fault, Fault::timed_out);
  EXPECT_EQ(second->error(), first->error());
  EXPECT_EQ(world.connects(), 1U);
  EXPECT_EQ(open(), 0U);
}

TEST_F(Multiplexing, lets_the_next_dial_when_who_dials_gives_up) {
  use([](auto& config) { config.timeouts.connect = 1s; });
  world.connects_to("10.0.0.1:80", Fault::timed_out);
  Canceller canceller;
  auto first = world.connect(*upstream, {.canceller = &canceller});
  auto second = world.connect(*upstream);
  canceller.cancel();
  world.settle();
  EXPECT_EQ(first->error().fault, Fault::cancelled);
  EXPECT_FALSE(second->done());
  EXPECT_EQ(world.connects(), 2U);
  world.run_for(1100ms);
  EXPECT_TRUE(second->done());
}

TEST_F(Multiplexing, lends_no_stream_of_a_connection_that_is_lost) {
  use();
  auto& server = serve();
  auto first = world.connect(*upstream);
  server.connection(0).abort(Fault::reset, true);
  world.settle();
  auto second = world.connect(*upstream);
  EXPECT_TRUE(second->ok());
  EXPECT_EQ(server.accepted(), 2U);
  first->end();
  world.settle();
  EXPECT_EQ(open(), 1U) << "the lost one is gone when its last stream is";
}

TEST_F(Multiplexing, ends_a_connection_that_was_idle_too_long) {
  use([](auto& config) { config.timeouts.idle = 10s; });
  serve();
  world.connect(*upstream)->end();
  world.run_for(9s);
  EXPECT_EQ(open(), 1U);
  world.run_for(2s);
  EXPECT_EQ(open(), 0U);
}

TEST_F(Multiplexing, breaks_a_connection_off_that_does_not_answer_a_ping) {
  use();
  serve();
  auto attempt = world.connect(*upstream);
  world.run_for(39s);
  EXPECT_EQ(counts().opened, 1U);
  EXPECT_TRUE(upstream->reuse(0)) << "30 s of silence and 10 s for the answer are not over";
  world.run_for(2s);
  EXPECT_FALSE(upstream->reuse(0));
}

TEST_F(Multiplexing, ends_connections_to_addresses_that_are_no_more) {
  use();
  serve();
  auto attempt = world.connect(*upstream);
  shared->publish(0, {at("10.0.0.2:80")});
  world.serve("10.0.0.2:80", listen_silently);
  auto next = world.connect(*upstream);
  ASSERT_TRUE(next->ok());
  EXPECT_EQ(next->lease().endpoint_address(), "10.0.0.2:80");
  attempt->end();
  world.settle();
  EXPECT_EQ(open(), 1U);
}

}  // namespace
}  // namespace sluice::upstream
