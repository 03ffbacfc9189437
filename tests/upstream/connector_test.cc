#include "upstream/connector.h"

#include "world.h"

namespace sluice::upstream {
namespace {

using namespace testing;

constexpr auto kNever = Fault::timed_out;

/// One endpoint whose name leads to several addresses.
struct HappyEyeballs : ::testing::Test {
  void lead_to(const Addresses& addresses, const std::function<void(UpstreamConfig&)>& configure = {}) {
    shared = shared_upstream({"app.internal:80"}, configure);
    shared->publish(endpoint_at(*shared), addresses);
    upstream = std::make_unique<Upstream>(shared, world.loop, world.rng, &FakeClient::make);
  }
  std::unique_ptr<Attempt> connect() { return world.connect(*upstream, {.fresh = true}); }

  const std::string a6 = "[2001:db8::1]:80", b6 = "[2001:db8::2]:80";
  const std::string a4 = "192.0.2.1:80", b4 = "192.0.2.2:80";
  World world;
  std::shared_ptr<SharedUpstream> shared;
  std::unique_ptr<Upstream> upstream;
};

TEST_F(HappyEyeballs, opens_no_more_than_one_connection_where_the_first_stands) {
  world.serve(a6);
  world.serve(a4);
  lead_to({at(a6), at(a4)});
  for (int n = 1; n <= 4; ++n) {
    auto attempt = connect();
    ASSERT_TRUE(attempt->ok());
    EXPECT_EQ(attempt->lease().endpoint_address(), a6);
    EXPECT_EQ(world.connects(), static_cast<std::uint64_t>(n));
  }
}

TEST_F(HappyEyeballs, goes_to_the_other_family_after_250_ms_of_silence) {
  world.connects_to(a6, kNever);
  world.connects_to(b6, kNever);
  world.serve(a4);
  lead_to({at(a6), at(b6), at(a4)});
  auto attempt = connect();
  world.run_for(240ms);
  EXPECT_FALSE(attempt->done());
  EXPECT_EQ(world.connects(), 1U);
  world.run_for(20ms);
  ASSERT_TRUE(attempt->ok());
  EXPECT_EQ(attempt->lease().endpoint_address(), a4);
  EXPECT_EQ(world.connects(), 2U);
}

TEST_F(HappyEyeballs, remembers_for_30_seconds_who_was_overtaken) {
  world.connects_to(a6, kNever);
  world.serve(a4);
  lead_to({at(a6), at(a4)});
  auto first = connect();
  world.run_for(300ms);
  ASSERT_TRUE(first->ok());
  EXPECT_TRUE(connect()->ok()) << "without another 250 ms";
  EXPECT_EQ(world.connects(), 3U);
  world.connects_to(a6, Fault::none);
  world.serve(a6);
  world.run_for(31s);
  auto later = connect();
  ASSERT_TRUE(later->ok());
  EXPECT_EQ(later->lease().endpoint_address(), a6) << "its own family comes first again";
}

TEST_F(HappyEyeballs, does_not_wait_for_the_delay_when_an_attempt_fails) {
  world.connects_to(a6, Fault::refused);
  world.connects_to(b6, Fault::unreachable);
  world.serve(a4);
  lead_to({at(a6), at(b6), at(a4)});
  auto attempt = connect();
  ASSERT_TRUE(attempt->ok()) << "no time has passed";
  EXPECT_EQ(attempt->lease().endpoint_address(), a4);
}

TEST_F(HappyEyeballs, lets_families_take_turns) {
  for (const auto& dead : {a6, b6, a4}) world.connects_to(dead, kNever);
  world.serve(b4);
  lead_to({at(a6), at(b6), at(a4), at(b4)});
  auto attempt = connect();
  world.run_for(510ms);
  EXPECT_FALSE(attempt->done()) << "the third is of the first's family";
  world.run_for(250ms);
  ASSERT_TRUE(attempt->ok());
  EXPECT_EQ(attempt->lease().endpoint_address(), b4);
}

TEST_F(HappyEyeballs, spreads_connections_over_the_addresses_of_a_family) {
  auto& one = world.serve(a4);
  auto& two = world.serve(b4);
  lead_to({at(a4), at(b4)});
  for (int n = 0; n < 10; ++n) EXPECT_TRUE(connect()->ok());
  EXPECT_EQ(one.accepted(), 5U);
  EXPECT_EQ(two.accepted(), 5U);
}

TEST_F(HappyEyeballs, gives_up_those_who_lose) {
  world.connects_to(a6, kNever);
  world.serve(a4);
  lead_to({at(a6), at(a4)});
  auto attempt = connect();
  world.run_for(300ms);
  ASSERT_TRUE(attempt->ok());
  EXPECT_EQ(world.sim.network().live_transports(), 2U) << "both ends of the one that won";
}

TEST_F(HappyEyeballs, ends_with_the_last_fault_where_nobody_answers) {
  world.connects_to(a6, kNever);
  world.connects_to(a4, kNever);
  lead_to({at(a6), at(a4)});
  auto attempt = connect();
  world.run_for(1200ms);
  EXPECT_FALSE(attempt->done());
  world.run_for(100ms);
  ASSERT_TRUE(attempt->done());
  EXPECT_EQ(attempt->error().fault, Fault::timed_out);
  EXPECT_EQ(attempt->error().side, Side::upstream);
  EXPECT_TRUE(attempt->error().retry_safe);
  EXPECT_EQ(world.connects(), 2U);
}

TEST_F(HappyEyeballs, gives_all_attempts_up_when_it_is_cancelled) {
  world.connects_to(a6, kNever);
  world.connects_to(a4, kNever);
  lead_to({at(a6), at(a4)});
  Canceller canceller;
  auto attempt = world.connect(*upstream, {.canceller = &canceller});
  world.run_for(300ms);
  EXPECT_EQ(world.connects(), 2U);
  canceller.cancel();
  world.settle();
  ASSERT_TRUE(attempt->done());
  EXPECT_EQ(attempt->error().fault, Fault::cancelled);
  EXPECT_EQ(world.sim.network().live_transports(), 0U);
}

TEST_F(HappyEyeballs, begins_nothing_behind_the_deadline) {
  world.connects_to(a6, kNever);
  world.connects_to(a4, kNever);
  lead_to({at(a6), at(a4)});
  auto attempt = world.connect(*upstream, {.deadline = world.loop.now() + 200ms});
  world.run_for(210ms);
  ASSERT_TRUE(attempt->done());
  EXPECT_EQ(attempt->error().fault, Fault::timed_out);
  EXPECT_EQ(world.connects(), 1U);
}

}  // namespace
}  // namespace sluice::upstream
