#include "upstream/discovery.h"

#include <condition_variable>
#include <mutex>

#include "world.h"

namespace sluice::upstream {
namespace {

using namespace testing;

const Error unknown_name{Fault::unresolved, Side::upstream, true};

struct Names : ::testing::Test {
  void follow(const std::string& endpoint) {
    shared = shared_upstream({endpoint});
    discovery =
        std::make_unique<Discovery>(world.loop, resolver, [this](bool warning, std::string_view line) {
          log.push_back((warning ? "warn: " : "info: ") + std::string(line));
        });
    discovery->sync(shared);
    world.settle();
  }
  Addresses addresses() { return *endpoint_at(*shared).addresses(); }

  World world;
  FixedResolver resolver;
  std::shared_ptr<SharedUpstream> shared;
  std::unique_ptr<Discovery> discovery;
  std::vector<std::string> log;
};

TEST_F(Names, resolve_at_once_with_the_endpoints_port) {
  resolver.set("app.internal", Addresses{at("10.0.0.1:0"), at("[fd00::1]:0")});
  follow("app.internal:8080");
  EXPECT_EQ(addresses(), (Addresses{at("10.0.0.1:8080"), at("[fd00::1]:8080")}));
  EXPECT_EQ(log.size(), 1U);
}

TEST_F(Names, follow_a_change_every_30_seconds) {
  resolver.set("app.internal", Addresses{at("10.0.0.1:0")});
  follow("app.internal:80");
  resolver.set("app.internal", Addresses{at("10.0.0.2:0")});
  world.run_for(29s);
  EXPECT_EQ(addresses(), Addresses{at("10.0.0.1:80")});
  world.run_for(2s);
  EXPECT_EQ(addresses(), Addresses{at("10.0.0.2:80")});
  EXPECT_EQ(log.back(), "info: upstream app: app.internal:80 is at 10.0.0.2:80");
}

TEST_F(Names, keep_their_addresses_when_dns_fails_and_say_so_once) {
  resolver.set("app.internal", Addresses{at("10.0.0.1:0")});
  follow("app.internal:80");
  resolver.set("app.internal", unknown_name);
  world.run_for(120s);
  EXPECT_EQ(addresses(), Addresses{at("10.0.0.1:80")});
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[1], "warn: upstream app: app.internal:80 does not resolve (unresolved); kept at 10.0.0.1:80");
  resolver.set("app.internal", Addresses{at("10.0.0.1:0")});
  world.run_for(6s);
  ASSERT_EQ(log.size(), 3U) << "failed names are asked for again soon";
  EXPECT_EQ(log[2], "info: upstream app: app.internal:80 is at 10.0.0.1:80");
}

TEST_F(Names, do_not_mind_another_order_of_the_same_addresses) {
  resolver.set("app.internal", Addresses{at("10.0.0.1:0"), at("10.0.0.2:0")});
  follow("app.internal:80");
  const auto version = shared->version();
  resolver.set("app.internal", Addresses{at("10.0.0.2:0"), at("10.0.0.1:0")});
  world.run_for(31s);
  EXPECT_EQ(shared->version(), version);
}

TEST_F(Names, are_no_longer_asked_for_once_removed) {
  resolver.set("app.internal", Addresses{at("10.0.0.1:0")});
  follow("app.internal:80");
  discovery->remove(*shared);
  resolver.set("app.internal", Addresses{at("10.0.0.2:0")});
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
  resolver.set("app.internal", Addresses{at("10.0.0.1:0")});
  const auto found = shared_upstream({"app.internal:80", "10.0.0.9:80"});
  const auto missing = shared_upstream({"nowhere.internal:80"});
  const std::vector<std::shared_ptr<SharedUpstream>> all{found, missing};
  resolve_all(resolver, all, 1s);
  EXPECT_EQ(*endpoint_at(*found).addresses(), Addresses{at("10.0.0.1:80")});
  EXPECT_TRUE(endpoint_at(*missing).addresses()->empty());
}

TEST(ThreadResolver, knows_localhost_and_calls_back_once) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Result<Addresses>> answers;
  ThreadResolver resolver;
  resolver.resolve("localhost", [&](Result<Addresses> answer) {
    std::lock_guard lock(mutex);
    answers.push_back(std::move(answer));
    changed.notify_one();
  });
  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, 30s, [&] { return !answers.empty(); }));
  ASSERT_TRUE(answers[0].has_value());
  ASSERT_FALSE(answers[0]->empty());
  EXPECT_EQ(answers[0]->front().port(), 0);
}

TEST(ThreadResolver, does_not_wait_for_answers_when_it_ends) {
  auto resolver = std::make_unique<ThreadResolver>();
  const auto alive = std::make_shared<int>();
  for (int i = 0; i < 100; ++i) resolver->resolve("localhost", [alive](const auto&) {});
  resolver.reset();
  SUCCEED();
}

}  // namespace
}  // namespace sluice::upstream
