// Upstreams with proxy_protocol: what stands in front of a connection, and whom it serves after that.
#include "upstream/pool.h"

#include "upstream/health/checker.h"
#include "world.h"

namespace sluice::upstream {
namespace {

using namespace testing;

struct ProxyHeader : ::testing::Test {
  void use(net::ProxyVersion version, const std::function<void(UpstreamConfig&)>& configure = {}) {
    shared = shared_upstream({"10.0.0.1:80"}, [&](UpstreamConfig& config) {
      config.proxy_protocol = version;
      if (configure) configure(config);
    });
    upstream = another_worker();
    server = &world.serve("10.0.0.1:80", [this](net::Transport& transport) -> Task<void> {
      auto first = co_await transport.read();
      if (first) headers.emplace_back(first->view());
    });
  }
  std::unique_ptr<Upstream> another_worker() {
    return std::make_unique<Upstream>(shared, world.loop, world.rng, &FakeClient::make);
  }
  std::unique_ptr<Attempt> connect(Visitor& visitor, LeaseOptions options = {}) {
    options.client = &visitor.connections;
    return world.connect(*upstream, options);
  }
  PoolTotals counts() { return endpoint_at(*shared).counts(); }
  std::uint32_t open() { return endpoint_at(*shared).connections(); }

  World world;
  std::shared_ptr<SharedUpstream> shared;
  std::unique_ptr<Upstream> upstream;
  Server* server = nullptr;
  std::vector<std::string> headers;
  Visitor anna{"203.0.113.7:5001"}, bert{"203.0.113.7:5002"};
};

TEST_F(ProxyHeader, names_the_clients_connection) {
  use(net::ProxyVersion::v1);
  auto attempt = connect(anna);
  ASSERT_TRUE(attempt->ok());
  EXPECT_EQ(headers, std::vector<std::string>{"PROXY TCP4 203.0.113.7 198.51.100.1 5001 443\r\n"});
}

TEST_F(ProxyHeader, of_version_2_is_binary) {
  use(net::ProxyVersion::v2);
  auto attempt = connect(anna);
  ASSERT_EQ(headers.size(), 1U);
  const auto header = net::parse_proxy_header(headers[0]);
  EXPECT_EQ(header.source, anna.side.peer());
  EXPECT_EQ(header.destination, anna.side.local());
}

TEST_F(ProxyHeader, ties_a_connection_to_its_client) {
  use(net::ProxyVersion::v1);
  connect(anna)->end();
  EXPECT_EQ(counts().idle, 1U);
  EXPECT_FALSE(upstream->reuse(0, &bert.connections)) << "the same host, but another connection";
  EXPECT_FALSE(upstream->reuse(0)) << "nobody's";
  auto other = connect(bert);
  EXPECT_FALSE(other->lease().reused());
  auto again = connect(anna);
  EXPECT_TRUE(again->lease().reused());
  EXPECT_EQ(open(), 2U);
}

TEST_F(ProxyHeader, lends_a_client_its_own_of_several_pools) {
  use(net::ProxyVersion::v1);
  auto second = another_worker();
  connect(anna)->end();
  const LeaseOptions options{.client = &anna.connections};
  world.connect(*second, options)->end();
  EXPECT_EQ(counts().idle, 2U);
  EXPECT_TRUE(connect(anna)->lease().reused());
  EXPECT_TRUE(world.connect(*second, options)->lease().reused());
}

TEST_F(ProxyHeader, ends_its_connections_with_the_client) {
  use(net::ProxyVersion::v1);
  auto visitor = std::make_optional<Visitor>("203.0.113.7:5003");
  auto first = connect(*visitor), second = connect(*visitor);
  first->end();
  second->end();
  EXPECT_EQ(counts().idle, 2U);
  visitor.reset();
  EXPECT_EQ(counts().idle, 0U);
  EXPECT_EQ(open(), 0U);
}

TEST_F(ProxyHeader, keeps_nothing_of_a_connection_that_is_nobodys) {
  use(net::ProxyVersion::v2);
  world.connect(*upstream)->end();
  EXPECT_EQ(headers, std::vector<std::string>{net::own_proxy_header(net::ProxyVersion::v2)});
  EXPECT_EQ(open(), 0U);
}

TEST_F(ProxyHeader, gives_a_client_the_place_of_anothers_idle_connection_at_the_limit) {
  use(net::ProxyVersion::v1, [](auto& config) { config.connections.max = 1; });
  connect(anna)->end();
  auto attempt = connect(bert);
  ASSERT_TRUE(attempt->ok());
  EXPECT_FALSE(attempt->lease().reused());
  EXPECT_EQ(open(), 1U);
}

TEST_F(ProxyHeader, gives_who_waits_a_place_and_not_anothers_connection) {
  use(net::ProxyVersion::v1, [](auto& config) { config.connections.max = 1; });
  auto holder = connect(anna);
  auto waits = connect(bert);
  EXPECT_FALSE(waits->done());
  holder->end();
  world.settle();
  ASSERT_TRUE(waits->ok());
  EXPECT_FALSE(waits->lease().reused());
  ASSERT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers[1], "PROXY TCP4 203.0.113.7 198.51.100.1 5002 443\r\n");
}

TEST_F(ProxyHeader, survives_an_upstream_that_is_gone_before_the_client) {
  use(net::ProxyVersion::v1);
  connect(anna)->end();
  upstream.reset();
  EXPECT_EQ(open(), 0U);
  upstream = another_worker();
  EXPECT_FALSE(upstream->reuse(0, &anna.connections));
}

TEST_F(ProxyHeader, that_cannot_be_sent_is_a_failed_dial) {
  use(net::ProxyVersion::v1);
  for (std::uint64_t n = 1; n < 4; ++n) {
    world.faults.fail_operation(n, Fault::reset);
    auto attempt = connect(anna);
    ASSERT_TRUE(attempt->done());
    const auto error = attempt->ok() ? Error{Fault::reset, Side::upstream, true} : attempt->error();
    EXPECT_EQ(error, (Error{Fault::reset, Side::upstream, true})) << n;
    attempt->end();
    EXPECT_EQ(open(), counts().idle);
  }
  EXPECT_GT(counts().connect_failed, 0U);
}

TEST_F(ProxyHeader, of_a_health_check_speaks_for_itself) {
  use(net::ProxyVersion::v2, [](auto& config) {
    config.health_check.emplace();
    config.health_check->type = CheckType::tcp;
    config.health_check->jitter = {0};
  });
  HealthChecker checker(world.loop, world.rng, shared, [](bool, std::string_view) {});
  checker.sync();
  world.settle();
  checker.stop();
  world.settle();
  EXPECT_EQ(headers, std::vector<std::string>{net::own_proxy_header(net::ProxyVersion::v2)});
  EXPECT_EQ(endpoint_at(*shared).health().load().state, HealthState::healthy);
}

}  // namespace
}  // namespace sluice::upstream
