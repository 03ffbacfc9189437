#include "http/problem.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>

namespace sluice::http {
namespace {

std::string written(const Problem& problem) {
  std::array<char, 1024> buffer;
  return {buffer.data(), write_problem(buffer, problem)};
}

std::string written(const ProxyStatus& proxy_status) {
  std::array<char, 512> buffer;
  return {buffer.data(), write_proxy_status(buffer, proxy_status)};
}

TEST(Problem, has_the_members_of_rfc_9457) {
  const auto json = nlohmann::json::parse(written(Problem{.reason = Reason::no_route, .request_id = "r-1"}));
  EXPECT_EQ(json["type"], "urn:sluice:reason:no_route");
  EXPECT_EQ(json["title"], "No route");
  EXPECT_EQ(json["status"], 404);
  EXPECT_EQ(json["detail"], info(Reason::no_route).detail);
  EXPECT_EQ(json["instance"], "r-1");
  EXPECT_EQ(json["reason"], "no_route");
}

TEST(Problem, is_valid_json_for_every_reason_and_any_text) {
  for (std::size_t i = 1; i < reason_count; ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_EQ(nlohmann::json::parse(written(Problem{.reason = reason}))["reason"], name(reason));
  }
  const std::string odd = "a\"b\\c\n\x01\x7f\xc3\xa9 \xff \xed\xa0\x80 \xf0\x9f\x98\x80 \xc3";
  const auto json = nlohmann::json::parse(written(Problem{.reason = Reason::internal, .detail = odd}));
  const std::string detail = json["detail"];
  EXPECT_EQ(detail,
            "a\"b\\c\n\x01\x7f\xc3\xa9 \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xf0\x9f\x98\x80 "
            "\xef\xbf\xbd");
}

TEST(Problem, writes_nothing_where_it_does_not_fit) {
  std::array<char, 64> buffer;
  EXPECT_EQ(write_problem(buffer, {}), 0u);
}

TEST(ProxyStatus, names_the_error) {  // RFC 9209 2
  EXPECT_EQ(
      written(ProxyStatus{.reason = Reason::upstream_connect_refused, .next_hop = "10.0.0.1:80"}),
      "sluice; error=connection_refused; details=\"upstream_connect_refused\"; next-hop=\"10.0.0.1:80\"");
  EXPECT_EQ(written(ProxyStatus{.proxy = "edge 1", .received_status = 503}),
            "\"edge 1\"; received-status=503");
  EXPECT_EQ(written(ProxyStatus{.reason = Reason::internal, .details = "a \"b\""}),
            "sluice; error=proxy_internal_error; details=\"a \\\"b\\\"\"");
}

}  // namespace
}  // namespace sluice::http
