// Requests that share connections: what a pool does where HTTP/2 is spoken.
#include "upstream/pool.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "world.h"

namespace sluice::upstream {
namespace {

using namespace std::string_literals;
using namespace testing;

// SETTINGS that allow so many streams at a time, or leave it at the default.
Task<void> announce(net::Transport& transport, std::optional<std::uint32_t> streams) {
  std::string frame(streams ? "\0\0\x06\x04\0\0\0\0\0\0\x03"s : "\0\0\0\x04\0\0\0\0\0"s);
  for (int shift = 24; streams && shift >= 0; shift -= 8) frame += static_cast<char>(*streams >> shift);
  const Slice slice = frame;
  (void)co_await transport.write({&slice, 1});
}

// Takes whatever comes, and says nothing.
Task<void> listen_silently(net::Transport& transport) {
  for (;;) {
    auto chunk = co_await transport.read();
    if (!chunk || chunk->empty()) co_return;
  }
}

Task<void> listen(net::Transport& transport, std::optional<std::uint32_t> streams) {
  co_await announce(transport, streams);
  co_await listen_silently(transport);
}

struct Multiplexing : ::testing::Test {
  void use(const std::function<void(UpstreamConfig&)>& configure = {}) {
    shared = shared_upstream({"10.0.0.1:80"}, [&](UpstreamConfig& config) {
      config.protocol = Protocol::h2;
      if (configure) configure(config);
    });
    upstream = std::make_unique<Upstream>(shared, world.loop, world.rng);
  }
  Server& serve(std::optional<std::uint32_t> streams = {}, std::string_view where = "10.0.0.1:80") {
    return world.serve(where, [streams](net::Transport& transport) { return listen(transport, streams); });
  }
  Server& serve_silently() { return world.serve("10.0.0.1:80", listen_silently); }
  void say(Server& server, std::optional<std::uint32_t> streams, std::size_t connection = 0) {
    world.tasks.spawn(announce(server.connection(connection), streams));
    world.settle();
  }
  std::vector<std::unique_ptr<Attempt>> connect(int many) {
    std::vector<std::unique_ptr<Attempt>> attempts;
    for (int i = 0; i < many; ++i) attempts.push_back(world.connect(*upstream));
    return attempts;
  }
  static std::ptrdiff_t served(const std::vector<std::unique_ptr<Attempt>>& attempts) {
    return std::count_if(attempts.begin(), attempts.end(), [](const auto& attempt) { return attempt->ok(); });
  }
  void TearDown() override {
    if (!upstream) return;
    upstream->retire();
    world.tasks.spawn(upstream->drained());
    world.settle();
  }
  PoolTotals counts() { return endpoint_at(*shared).counts(); }
  std::uint32_t open() { return endpoint_at(*shared).connections(); }

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
  const auto attempts = connect(5);
  EXPECT_EQ(server.accepted(), 3U);
  EXPECT_EQ(served(attempts), 5);
}

TEST_F(Multiplexing, lends_one_stream_of_a_connection_whose_settings_are_not_in) {
  use();
  auto& server = serve_silently();
  const auto attempts = connect(30);
  EXPECT_TRUE(attempts[0]->ok()) << "it waits for no round trip";
  EXPECT_EQ(served(attempts), 1);
  EXPECT_EQ(server.accepted(), 1U) << "who waits for the settings opens no other";
  say(server, 100);
  EXPECT_EQ(served(attempts), 30);
  EXPECT_EQ(server.accepted(), 1U);
}

TEST_F(Multiplexing, lends_as_many_streams_as_the_settings_allow) {
  use();
  auto& server = serve(10);
  EXPECT_EQ(served(connect(100)), 100);
  EXPECT_EQ(server.accepted(), 10U);
}

TEST_F(Multiplexing, lends_one_stream_at_a_time_where_that_is_what_the_settings_allow) {
  use();
  auto& server = serve(1);
  EXPECT_EQ(served(connect(20)), 20);
  EXPECT_EQ(server.accepted(), 20U);
}

TEST_F(Multiplexing, takes_the_settings_of_the_last_connection_for_those_of_the_next) {
  use();
  auto& server = serve_silently();
  auto first = connect(1);
  say(server, 3);
  const auto more = connect(7);
  EXPECT_EQ(served(more), 7);
  EXPECT_EQ(server.accepted(), 3U) << "the third, of which two streams are lent, is not waited for";
}

TEST_F(Multiplexing, waits_a_second_for_settings_that_never_come) {
  use();
  auto& server = serve_silently();
  const auto attempts = connect(5);
  world.run_for(900ms);
  EXPECT_EQ(served(attempts), 1);
  world.run_for(200ms);
  EXPECT_EQ(served(attempts), 5);
  EXPECT_EQ(server.accepted(), 1U);
}

TEST_F(Multiplexing, dials_for_who_waits_when_the_connection_is_lost_before_its_settings) {
  use();
  auto& server = serve_silently();
  const auto attempts = connect(2);
  server.connection(0).abort(Fault::reset, true);
  world.settle();
  EXPECT_TRUE(attempts[1]->ok());
  EXPECT_EQ(server.accepted(), 2U);
}

TEST_F(Multiplexing, waits_where_the_endpoint_takes_no_streams_until_it_does) {
  use();
  auto& server = serve(0);
  auto attempts = connect(1);
  attempts[0]->end();  // it was refused
  attempts = connect(3);
  EXPECT_EQ(served(attempts), 0);
  EXPECT_EQ(counts().pending, 3U);
  EXPECT_EQ(server.accepted(), 1U);
  say(server, 2);
  EXPECT_EQ(served(attempts), 3);
  EXPECT_EQ(server.accepted(), 2U);
}

TEST_F(Multiplexing, waits_no_longer_than_it_may_for_an_endpoint_that_takes_no_streams) {
  use();
  serve(0);
  world.connect(*upstream)->end();
  auto attempt = world.connect(*upstream, {.deadline = world.loop.now() + 3s});
  world.run_for(3100ms);
  ASSERT_TRUE(attempt->done());
  EXPECT_EQ(attempt->error(), (Error{Fault::timed_out, Side::us, true}));
  EXPECT_EQ(counts().pending_timeout, 1U);
}

TEST_F(Multiplexing, dials_for_who_waits_when_the_connection_without_streams_is_retired) {
  use([](auto& config) { config.timeouts.idle = 10s; });
  auto& server = serve(0);
  world.connect(*upstream)->end();
  auto attempt = world.connect(*upstream);
  world.run_for(11s);
  EXPECT_TRUE(attempt->ok());
  EXPECT_EQ(server.accepted(), 2U);
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
  shared->publish(endpoint_at(*shared), {at("10.0.0.2:80")});
  serve({}, "10.0.0.2:80");
  PickContext context{world.rng};
  EXPECT_EQ(upstream->pick(context), 0U);
  world.run_for(11s);
  auto next = world.connect(*upstream);
  ASSERT_TRUE(next->ok());
  EXPECT_EQ(next->lease().endpoint_address(), "10.0.0.2:80");
  attempt->end();
  world.settle();
  EXPECT_EQ(open(), 1U);
}

}  // namespace
}  // namespace sluice::upstream
