#include "upstream/health/checker.h"

#include "upstream/health/verdict.h"
#include "world.h"

namespace sluice::upstream {
namespace {

using namespace testing;

struct HealthChecks : ::testing::Test {
  ~HealthChecks() override {
    if (!checker) return;
    checker->stop();
    world.settle();
    bool joined = false;
    TaskGroup group;
    group.spawn([](HealthChecker& c, bool& done) -> Task<void> {
      co_await c.join();
      done = true;
    }(*checker, joined));
    world.settle();
    EXPECT_TRUE(joined) << "a check still runs after stop()";
  }

  void check(const std::function<void(HealthCheckConfig&)>& configure,
             std::vector<std::string> endpoints = {"10.0.0.1:80"}) {
    shared = shared_upstream(std::move(endpoints), [&](UpstreamConfig& config) {
      config.health_check.emplace();
      config.health_check->jitter = {0};
      configure(*config.health_check);
    });
    checker = std::make_unique<HealthChecker>(
        world.loop, world.rng, shared, [this](bool warning, std::string_view line) {
          log.push_back((warning ? "warn: " : "info: ") + std::string(line));
        });
    checker->sync();
    world.settle();
  }
  Health health(std::size_t index = 0) { return endpoint_at(*shared, index).health().load(); }

  /// Answers each connection with `answer`, as it is at that moment; empty: never answers.
  void serve_http(std::string_view address) {
    world.serve(address, [this](net::Transport& transport) -> Task<void> {
      auto request = co_await transport.read();
      if (!request) co_return;
      asked = std::string(request->view());
      if (answer.empty()) co_return;
      const Slice bytes = answer;
      (void)co_await transport.write({&bytes, 1});
      transport.shutdown_write();
    });
  }

  World world;
  std::shared_ptr<SharedUpstream> shared;
  std::unique_ptr<HealthChecker> checker;
  std::vector<std::string> log;
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  std::string asked;
};

TEST_F(HealthChecks, ask_by_get_and_find_a_good_endpoint_healthy_at_once) {
  serve_http("10.0.0.1:80");
  check([](auto& c) { c.path = "/healthz?deep=1"; });
  EXPECT_EQ(health().state, HealthState::healthy);
  EXPECT_EQ(health().text(), "passed");
  EXPECT_TRUE(asked.starts_with("GET /healthz?deep=1 HTTP/1.1\r\n")) << asked;
  EXPECT_NE(asked.find("Host: 10.0.0.1\r\n"), std::string::npos);
  EXPECT_TRUE(log.empty());
}

TEST_F(HealthChecks, send_the_configured_host) {
  serve_http("10.0.0.1:80");
  check([](auto& c) { c.path = "/", c.host = "app.example"; });
  EXPECT_NE(asked.find("Host: app.example\r\n"), std::string::npos);
}

TEST_F(HealthChecks, take_an_endpoint_out_at_once_when_the_first_check_fails) {
  check([](auto& c) { c.type = CheckType::tcp; });
  EXPECT_EQ(health().state, HealthState::unhealthy);
  EXPECT_EQ(health().text(), "connection refused");
  EXPECT_EQ(log,
            (std::vector<std::string>{"warn: upstream app: 10.0.0.1:80 is unhealthy: connection refused"}));
  EXPECT_EQ(health().since,
            std::chrono::duration_cast<std::chrono::seconds>(world.loop.wall().time_since_epoch()).count());
}

TEST_F(HealthChecks, flip_after_the_thresholds_within_two_intervals_and_say_so_once) {
  serve_http("10.0.0.1:80");
  check([](auto& c) { c.path = "/", c.interval = 3s, c.unhealthy_after = 3, c.healthy_after = 2; });
  answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
  world.run_for(3100ms);
  EXPECT_EQ(health().state, HealthState::healthy) << "one failure is not three";
  EXPECT_EQ(health().text(), "status 503");
  world.run_for(2900ms);
  EXPECT_EQ(health().state, HealthState::unhealthy);
  answer = "HTTP/1.1 204 No Content\r\n\r\n";
  world.run_for(6s);
  EXPECT_EQ(health().state, HealthState::healthy);
  world.run_for(30s);
  EXPECT_EQ(log, (std::vector<std::string>{"warn: upstream app: 10.0.0.1:80 is unhealthy: status 503",
                                           "info: upstream app: 10.0.0.1:80 is healthy again"}));
  EXPECT_EQ(endpoint_at(*shared).checks().flips.load(), 2U);
}

TEST_F(HealthChecks, one_good_check_between_failures_starts_the_count_again) {
  serve_http("10.0.0.1:80");
  check([](auto& c) { c.path = "/", c.interval = 2s, c.unhealthy_after = 2; });
  for (int i = 0; i < 4; ++i) {
    answer = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
    world.run_for(2s);
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    world.run_for(1100ms);
  }
  EXPECT_EQ(health().state, HealthState::healthy);
  EXPECT_EQ(endpoint_at(*shared).checks().flips.load(), 0U);
}

TEST_F(HealthChecks, time_out_on_an_endpoint_that_never_answers) {
  answer.clear();
  serve_http("10.0.0.1:80");
  check([](auto& c) { c.path = "/", c.timeout = 800ms; });
  world.run_for(790ms);
  EXPECT_EQ(health().state, HealthState::unknown);
  EXPECT_TRUE(health().usable());
  world.run_for(20ms);
  EXPECT_EQ(health().state, HealthState::unhealthy);
  EXPECT_EQ(health().text(), "timed out after 800ms");
}

TEST_F(HealthChecks, time_out_on_an_endpoint_that_never_accepts) {
  world.connects_to("10.0.0.1:80", Fault::timed_out);
  check([](auto& c) { c.type = CheckType::tcp, c.timeout = 1s; });
  world.run_for(1100ms);
  EXPECT_EQ(health().text(), "timed out after 1s");
}

TEST_F(HealthChecks, see_what_is_not_http) {
  answer = "SSH-2.0-OpenSSH_9.2\r\n\r\n";
  serve_http("10.0.0.1:80");
  check([](auto& c) { c.path = "/"; });
  EXPECT_EQ(health().text(), "malformed response");
}

TEST_F(HealthChecks, take_only_expected_statuses) {
  answer = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n";
  serve_http("10.0.0.1:80");
  check([](auto& c) { c.path = "/", c.expect = {{200, 200}, {300, 399}}; });
  EXPECT_EQ(health().state, HealthState::healthy);
}

TEST_F(HealthChecks, pass_over_interim_responses) {
  answer = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  serve_http("10.0.0.1:80");
  check([](auto& c) { c.path = "/"; });
  EXPECT_EQ(health().text(), "passed");
}

TEST_F(HealthChecks, keep_to_the_interval_and_its_jitter) {
  world.serve("10.0.0.1:80");
  check([](auto& c) { c.type = CheckType::tcp, c.interval = 10s, c.jitter = {20}; });
  world.run_for(2s);
  EXPECT_EQ(world.connects(), 1U) << "the first comes within one jitter";
  auto last = world.loop.now();
  Duration shortest = 1h, longest{};
  for (std::uint64_t seen = 1; seen < 40;) {
    world.run_for(10ms);
    if (world.connects() == seen) continue;
    if (seen > 1) {
      shortest = std::min(shortest, Duration(world.loop.now() - last));
      longest = std::max(longest, Duration(world.loop.now() - last));
    }
    last = world.loop.now();
    seen = world.connects();
  }
  EXPECT_GE(shortest, 7950ms);
  EXPECT_LE(longest, 12050ms);
  EXPECT_GT(longest - shortest, 2s) << "no two gateways stay in step";
}

TEST_F(HealthChecks, take_a_failing_endpoint_out_of_the_choice_and_bring_it_back) {
  world.serve("10.0.0.1:80");
  check([](auto& c) { c.type = CheckType::tcp, c.interval = 1s; }, {"10.0.0.1:80", "10.0.0.2:80"});
  Upstream upstream(shared, world.loop, world.rng, &FakeClient::make);
  PickContext context{world.rng};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(upstream.pick(context), 0U);
  world.connects_to("10.0.0.1:80", Fault::refused);
  world.run_for(2s);
  EXPECT_FALSE(upstream.pick(context)) << "no healthy endpoint";
  world.serve("10.0.0.2:80");
  world.run_for(2s);
  EXPECT_EQ(upstream.pick(context), 1U);
}

TEST_F(HealthChecks, end_promptly_while_one_is_under_way) {
  world.connects_to("10.0.0.1:80", Fault::timed_out);
  check([](auto& c) { c.type = CheckType::tcp; });
  checker->stop();
  world.settle();
  EXPECT_EQ(health().state, HealthState::unknown) << "a check that was cut off has no result";
}

TEST(Health, survives_packing) {
  const Health health{HealthState::unhealthy, HealthReason::status, 503, 1'700'000'000};
  EXPECT_EQ(Health::unpack(health.pack()), health);
  EXPECT_EQ(Health::unpack(0), Health{});
  EXPECT_TRUE(Health{}.usable()) << "never checked counts as healthy";
}

TEST(Verdict, tells_how_many_results_confirm_a_change) {
  HealthCheckConfig config;
  Verdict verdict(config);
  Health health{HealthState::healthy, HealthReason::passed, 0, 5};
  EXPECT_EQ(verdict.confirming(health.state), 1U);
  health = verdict.take(health, {HealthReason::refused, 0}, 9);
  EXPECT_EQ(health, (Health{HealthState::healthy, HealthReason::refused, 0, 5}));
  EXPECT_EQ(verdict.confirming(health.state), 3U);
  health = verdict.take(health, {HealthReason::refused, 0}, 10);
  health = verdict.take(health, {HealthReason::refused, 0}, 11);
  EXPECT_EQ(health, (Health{HealthState::unhealthy, HealthReason::refused, 0, 11}));
  EXPECT_EQ(verdict.confirming(health.state), 1U);
}

}  // namespace
}  // namespace sluice::upstream
