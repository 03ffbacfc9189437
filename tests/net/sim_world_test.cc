#include "support/sim_world.h"

#include <gtest/gtest.h>

#include "support/echo.h"

namespace sluice::sim {
namespace {

using namespace std::chrono_literals;

// Sends the text and reads it back. Ends after a simulated minute at the latest.
Task<std::string> client(World& world, Address to, std::string_view text) {
  auto opened = world.network().connect(to, {});
  if (!opened) co_return std::string();
  auto transport = std::move(*opened);
  net::Deadline deadline(world.loop());
  deadline.set(*transport, world.now() + 60s);
  auto connected = co_await transport->connected();
  if (!connected) co_return std::string();
  Slice slices[1] = {text};
  auto sent = co_await transport->write(slices);
  std::string got;
  while (sent && got.size() < text.size()) {
    auto chunk = co_await transport->read();
    if (!chunk || chunk->empty()) break;
    got += chunk->view();
  }
  co_return got;
}

TEST(SimWorld, carries_bytes_both_ways) {
  World world;
  auto acceptor = listen(world.network(), at(80));
  world.spawn(test::echo(world.loop(), *acceptor));
  EXPECT_EQ(world.exchange(at(80), "hello", 5), "hello");
  acceptor->stop();
  EXPECT_TRUE(world.run_until([&] { return world.running() == 0; }));
  EXPECT_TRUE(world.at_rest());
}

TEST(SimWorld, lets_an_hour_pass_at_once) {
  World world;
  auto start = world.now();
  bool woke = false;
  world.spawn([](World& w, bool& flag) -> Task<void> {
    co_await w.loop().sleep(1h);
    flag = true;
  }(world, woke));
  world.run_for(59min);
  EXPECT_FALSE(woke);
  EXPECT_EQ(world.now(), start + 59min);
  world.run_for(1min);
  EXPECT_TRUE(woke);
  EXPECT_EQ(world.now(), start + 1h);
}

TEST(SimWorld, sees_a_hang) {
  World world;
  auto acceptor = listen(world.network(), at(80));
  world.spawn([](net::Acceptor& a) -> Task<void> { (void)co_await a.accept(); }(*acceptor));
  EXPECT_FALSE(world.run_until([&] { return world.running() == 0; }));
  acceptor->stop();
  EXPECT_TRUE(world.run_until([&] { return world.running() == 0; }));
}

TEST(SimWorld, refuses_where_nobody_listens) {
  World world;
  auto fault = world.run([](World& w) -> Task<Fault> {
    auto transport = w.network().connect(at(81), {});
    auto connected = co_await (*transport)->connected();
    co_return connected ? Fault::none : connected.error().fault;
  }(world));
  EXPECT_EQ(fault, Fault::refused);
}

TEST(SimWorld, makes_connects_hang_until_a_deadline) {
  World world;
  auto acceptor = listen(world.network(), at(80));
  world.faults().connects_to(at(80), Fault::timed_out);
  auto start = world.now();
  auto fault = world.run([](World& w) -> Task<Fault> {
    auto transport = w.network().connect(at(80), {});
    net::Deadline deadline(w.loop());
    deadline.set(**transport, w.now() + 3s);
    auto connected = co_await (*transport)->connected();
    co_return connected ? Fault::none : connected.error().fault;
  }(world));
  EXPECT_EQ(fault, Fault::timed_out);
  EXPECT_EQ(world.now(), start + 3s);
}

TEST(SimWorld, delays_deliveries) {
  World world;
  world.faults().weather.least_delay = world.faults().weather.most_delay = 100ms;
  auto acceptor = listen(world.network(), at(80));
  world.spawn(test::echo(world.loop(), *acceptor));
  auto start = world.now();
  EXPECT_EQ(world.exchange(at(80), "hello", 5), "hello");
  EXPECT_EQ(world.now(), start + 200ms);
  acceptor->stop();
  world.run_until_idle();
}

TEST(SimWorld, replays_a_seed_exactly) {
  auto run = [](std::uint64_t seed) {
    World world(seed);
    world.faults().weather = Weather::rough();
    auto acceptor = listen(world.network(), at(80));
    world.spawn(test::echo(world.loop(), *acceptor));
    std::string log;
    for (int i = 0; i < 20; ++i) {
      auto got = world.run(client(world, at(80), std::string(10'000, 'x')));
      log += std::to_string(got ? got->size() : 0) + ' ' +
             std::to_string(world.now().time_since_epoch().count()) + '\n';
    }
    log += std::to_string(world.faults().operations());
    acceptor->stop();
    world.run_until_idle();
    return log;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

TEST(SimWorld, fails_each_operation_once_without_leak_or_hang) {
  std::uint64_t n = 1;
  for (bool failed = true; failed; ++n) {
    World world;
    world.faults().fail_operation(n, n % 2 ? Fault::reset : Fault::other);
    auto acceptor = listen(world.network(), at(80));
    world.spawn(test::echo(world.loop(), *acceptor));
    auto got = world.run(client(world, at(80), "hello"));
    ASSERT_TRUE(got) << "hang at operation " << n;
    acceptor->stop();
    ASSERT_TRUE(world.run_until([&] { return world.running() == 0; })) << "hang at operation " << n;
    EXPECT_TRUE(world.at_rest()) << "leak at operation " << n;
    failed = world.faults().has_failed_it();
    if (!failed) {
      EXPECT_EQ(*got, "hello");
    }
  }
  EXPECT_GT(n, 5u);
}

}  // namespace
}  // namespace sluice::sim
