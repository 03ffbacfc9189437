#include "upstream/config.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "conf/binder.h"
#include "conf/reader.h"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

struct Bound {
  UpstreamConfig config;
  std::string problems;
};

Bound bind(std::string_view yaml) {
  Bound out;
  conf::Problems problems;
  const auto root = conf::read_text(yaml, "test.yaml", problems);
  conf::bind(root, out.config, problems);
  out.problems = problems.text();
  return out;
}

TEST(UpstreamConfig, may_be_a_plain_list_of_endpoints) {
  const auto bound = bind("[10.0.0.1:8080, {address: app.internal:80, weight: 2}]");
  EXPECT_EQ(bound.problems, "");
  ASSERT_EQ(bound.config.endpoints.size(), 2U);
  EXPECT_EQ(bound.config.endpoints[0].address, "10.0.0.1:8080");
  EXPECT_EQ(bound.config.endpoints[1].weight, 2U);
}

TEST(UpstreamConfig, may_be_one_endpoint) {
  const auto bound = bind("127.0.0.1:3000");
  EXPECT_EQ(bound.problems, "");
  EXPECT_EQ(bound.config.endpoints.at(0).address, "127.0.0.1:3000");
}

TEST(UpstreamConfig, has_safe_defaults) {
  const auto config = bind("{endpoints: 127.0.0.1:3000, health_check: {path: /healthz}}").config;
  EXPECT_EQ(config.balance, Balance::round_robin);
  EXPECT_EQ(config.host.kind, HostChoice::Kind::preserve);
  EXPECT_EQ(config.timeouts.connect, 1s);
  EXPECT_EQ(config.timeouts.first_byte, 60s);
  EXPECT_EQ(config.connections.max, 1024U);
  EXPECT_EQ(config.health_check->kind(), CheckType::http);
  EXPECT_TRUE(config.health_check->expects(204));
  EXPECT_FALSE(config.health_check->expects(302));
}

TEST(UpstreamConfig, takes_every_field) {
  const auto bound = bind(R"(
endpoints: [unix:/run/app.sock, "[::1]:8080"]
balance: least_request
protocol: http/1.1
host: app.example
timeouts: { connect: 250ms, first_byte: 10s, idle: 30s }
connections: { max: 10, idle_max: 5, pending_max: 0 }
health_check: { path: /ok, host: app.example, interval: 2s, timeout: 500ms, healthy_after: 1, unhealthy_after: 2,
                expect: [200-204, 301], jitter: 0% }
)");
  EXPECT_EQ(bound.problems, "");
  EXPECT_EQ(bound.config.balance, Balance::least_request);
  EXPECT_EQ(bound.config.host, (HostChoice{HostChoice::Kind::fixed, "app.example"}));
  EXPECT_EQ(bound.config.health_check->expect, (std::vector<StatusRange>{{200, 204}, {301, 301}}));
}

TEST(UpstreamConfig, says_what_is_wrong_and_where) {
  EXPECT_NE(bind("{endpoints: 10.0.0.1:80, balance: peak_ewma}").problems.find("least_request"),
            std::string::npos);
  EXPECT_NE(bind("{endpoints: 10.0.0.1:80, protocol: h3}").problems.find("test.yaml:1:36: protocol"),
            std::string::npos);
  EXPECT_NE(bind("{endpoints: 10.0.0.1:80, protocol: auto}").problems.find("without TLS"), std::string::npos);
  EXPECT_NE(bind("{endpoints: 10.0.0.1:80, protocol: h2, proxy_protocol: v1}").problems.find("PROXY header"),
            std::string::npos);
  EXPECT_NE(bind("[10.0.0.1:80, 10.0.0.1:80]").problems.find("listed twice"), std::string::npos);
  EXPECT_NE(bind("{endpoints: 10.0.0.1:80, health_check: {type: http}}").problems.find("needs a path"),
            std::string::npos);
  EXPECT_NE(bind("{endpoints: 10.0.0.1:80, health_check: {type: tcp, path: /}}")
                .problems.find("tcp check has no path"),
            std::string::npos);
  EXPECT_NE(bind("{endpoints: 10.0.0.1:80, health_check: {path: /, timeout: 9s}}")
                .problems.find("longer than the interval"),
            std::string::npos);
  EXPECT_NE(bind("{endpoints: []}").problems, "");
  EXPECT_NE(bind("{balance: random}").problems, "");
}

TEST(UpstreamConfig, knows_an_endpoint_when_it_sees_one) {
  for (const auto* good :
       {"10.0.0.1:80", "[::1]:8080", "app.internal:80", "my_service:1", "unix:/run/a.sock", "a:65535"})
    EXPECT_TRUE(parse_endpoint_address(good)) << good;
  for (const auto* bad :
       {"", "app", "app:", "app:0", "app:65536", "10.0.0.300:80", "10.1:80", "::1:80", "[::1]", "http://a:80",
        "a b:80", "-a:80", "unix:", ":80", "user@a:80", "[::1:80", "x..y:80", "x..:80", "..:80"})
    EXPECT_FALSE(parse_endpoint_address(bad)) << bad;
  EXPECT_EQ(parse_endpoint_address("[::1]:8080")->host, "::1");
  EXPECT_EQ(parse_endpoint_address("[::1]:8080")->port, 8080);
}

TEST(StatusRange, is_a_status_or_two) {
  EXPECT_EQ(*parse_status_range("204"), (StatusRange{204, 204}));
  EXPECT_EQ(*parse_status_range("200-299"), (StatusRange{200, 299}));
  for (const auto* bad : {"", "20", "2000", "100", "600", "299-200", "200-", "-299", "2xx", "200-299-300"})
    EXPECT_FALSE(parse_status_range(bad)) << bad;
  EXPECT_EQ(format(StatusRange{204, 204}), "204");
  EXPECT_EQ(format(StatusRange{}), "200-299");
}

}  // namespace
}  // namespace sluice::upstream
