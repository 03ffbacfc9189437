#include "proxy/route_config.h"

#include <gtest/gtest.h>

#include "proxy/route_fixture.h"

namespace sluice::proxy {
namespace {

using namespace std::chrono_literals;

std::string problems(std::string_view text) { return Routes(text).problems.text(); }

TEST(RouteConfig, reads_the_routes_of_the_manual) {
  Routes routes(R"(
  - name: orders
    match: { host: api.example.com, path: /orders/*, method: [GET, POST], header: { x-beta: "1" } }
    middlewares:
      - partner-limit
      - request_headers: { set: { x-a: b } }
    upstream: orders
    rewrite: { path_prefix: /v1/orders }
    request_headers: { set: { x-tenant: "{consumer}" }, remove: [x-internal] }
    timeout: 15s
    max_body: 1MiB
  - { name: old, match: { path: /old/* }, redirect: { to: "/new/{path.rest}", status: 308 } }
  - { name: hello, match: { path: /hello }, respond: { status: 200, body: "hello\n" } }
  - { name: split, match: { path: /s }, upstream: [{ upstream: a, weight: 95 }, { upstream: b, weight: 5 }] }
)");
  ASSERT_EQ(routes.problems.text(), "");
  const auto& orders = routes.routes[0];
  ASSERT_EQ(orders.upstream.size(), 1U);
  EXPECT_EQ(*orders.upstream[0].upstream, "orders");
  EXPECT_EQ(orders.upstream[0].weight, 1U);
  EXPECT_EQ(orders.timeout, 15s);
  EXPECT_EQ(orders.max_body, Bytes{1 << 20});
  ASSERT_EQ(orders.middlewares.size(), 2U);
  EXPECT_EQ(orders.middlewares[0].reference, "partner-limit");
  EXPECT_EQ(routes.routes[1].redirect->to.text(), "/new/{path.rest}");
  EXPECT_EQ(routes.routes[2].respond->body, "hello\n");
  ASSERT_EQ(routes.routes[3].upstream.size(), 2U);
  EXPECT_EQ(routes.routes[3].upstream[0].weight, 95U);
}

TEST(RouteConfig, reads_what_is_tried_again) {
  Routes routes(R"(
  - { upstream: a, match: { path: /a }, retry: { attempts: 3, on: [connect_failure, reset, 502, grpc_data_loss], per_try_timeout: 5s } }
  - { upstream: a, match: { path: /b }, retry: {} }
  - { upstream: a, match: { path: /c }, retry: { on: timeout, non_idempotent: true, keep_body: 0B } }
)");
  ASSERT_EQ(routes.problems.text(), "");
  using Kind = RetryCause::Kind;
  const auto& first = *routes.routes[0].retry;
  EXPECT_EQ(first.attempts, 3U);
  const std::vector<RetryCause> on{
      {Kind::connect_failure}, {Kind::reset}, {Kind::status, 502}, {Kind::grpc_status, 15}};
  EXPECT_EQ(first.on, on);
  EXPECT_EQ(first.per_try_timeout, 5s);
  EXPECT_EQ(first.keep_body, Bytes{64 * 1024});
  EXPECT_EQ(routes.routes[1].retry->attempts, 2U);
  EXPECT_EQ(routes.routes[1].retry->on.size(), 5U);
  EXPECT_TRUE(routes.routes[2].retry->non_idempotent);
}

TEST(RouteConfig, says_what_cannot_be_a_cause_of_a_retry_and_what_was_meant) {
  const std::string wanted =
      "wanted connect_failure, reset, timeout, a status like 503 or grpc_unavailable, found ";
  for (const auto& [found, hint] : {std::pair("UNAVAILABLE", "; did you mean 'grpc_unavailable'?"),
                                    std::pair("grpc-aborted", "; did you mean 'grpc_aborted'?"),
                                    std::pair("grpc_ok", ""), std::pair("200", ""), std::pair("5xx", "")}) {
    const auto text = problems("\n  - { upstream: a, retry: { on: [503, " + std::string(found) + "] } }\n");
    EXPECT_NE(text.find("routes[0].retry.on[1]: " + wanted + "\"" + found + "\"" + hint + "\n"), text.npos)
        << text;
  }
}

TEST(RouteConfig, has_a_retry_with_an_upstream_alone_and_within_its_timeout) {
  EXPECT_NE(problems("\n  - { respond: {}, retry: {} }\n")
                .find("routes[0].retry: there is no upstream to try again"),
            std::string::npos);
  EXPECT_NE(problems("\n  - { upstream: a, timeout: 3s, retry: { per_try_timeout: 5s } }\n")
                .find("routes[0].retry.per_try_timeout: is longer than the route's timeout of 3s"),
            std::string::npos);
}

TEST(RouteConfig, the_smallest_route_is_an_upstream) {
  Routes routes("- upstream: app");
  ASSERT_EQ(routes.problems.text(), "");
  EXPECT_EQ(routes.routes[0].name, "default");
  EXPECT_EQ(routes.routes[0].timeout, 60s);
  EXPECT_FALSE(routes.routes[0].max_body);
}

TEST(RouteConfig, derives_names_that_say_what_matches) {
  Routes routes(R"(
- { match: { host: a.example.com, path: /x/* }, upstream: a }
- { match: { host: a.example.com, path: /x/*, method: PUT }, upstream: a }
- { match: { host: a.example.com }, upstream: a }
- { match: { path_regex: /y.+ }, upstream: a }
- { match: { method: POST }, upstream: a }
- { name: "default#2", match: { path: /z }, upstream: a }
- { upstream: a }
)");
  ASSERT_EQ(routes.problems.text(), "");
  std::vector<std::string> names;
  for (const auto& route : routes.routes) names.push_back(route.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a.example.com/x/*", "a.example.com/x/*#2", "a.example.com/*",
                                             "/y.+", "default", "default#2", "default#3"}));
}

TEST(RouteConfig, wants_unique_names) {
  EXPECT_EQ(problems("- { name: a, match: { path: /a }, upstream: u }\n- { name: a, upstream: u }"),
            "test.yaml:3:11: routes[1].name: another route has this name too\n");
}

TEST(RouteConfig, ends_in_exactly_one_way) {
  EXPECT_NE(problems("- { name: a }"), "");
  EXPECT_NE(problems("- { upstream: u, respond: { body: x } }"), "");
  EXPECT_NE(problems("- { redirect: /a, respond: { body: x } }"), "");
}

TEST(RouteConfig, locates_what_is_wrong) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"- { match: { path: orders }, upstream: u }", "a path begins with /"},
      {"- { match: { path: /a* }, upstream: u }", "a * stands only at the end, after a /"},
      {"- { match: { path: /a/*/b }, upstream: u }", "path_regex"},
      {"- { match: { path: \"/a?b=c\" }, upstream: u }", "a path has no query"},
      {"- { match: { path: /a/../b }, upstream: u }", "requests are matched as /b; write that"},
      {"- { match: { path: /%7Euser }, upstream: u }", "requests are matched as /~user; write that"},
      {"- { match: { path: [/ok, \"/a b\"] }, upstream: u }", "routes[0].match.path[1]"},
      {"- { match: { path: /a, path_regex: /b }, upstream: u }", "path_regex"},
      {"- { match: { host: \"example.com:80\" }, upstream: u }", "without port"},
      {"- { match: { host: \"a.*.com\" }, upstream: u }", "a * stands only at the beginning"},
      {"- { match: { host: \"*\" }, upstream: u }", "leave host out to match any"},
      {"- { match: { method: get }, upstream: u }", "methods are case-sensitive; write GET"},
      {"- { match: { header: { \"a b\": x } }, upstream: u }", "is not a header field name"},
      {"- { match: { header: { x: { exact: a, regex: b } } }, upstream: u }", "exact"},
      {"- { match: { path: /a }, upstream: u, rewrite: { path_prefix: /b } }", "match.path must end with /*"},
      {"- { respond: { body: x }, rewrite: { path: /b } }", "there is no upstream"},
      {"- { respond: { body: x }, grpc_web: true }", "there is no upstream to translate calls for"},
      {"- { upstream: [{ upstream: a, weight: 0 }] }", "one of the weights must be above 0"},
      {"- { upstream: u, request_headers: { set: { x: \"{consmer}\" } } }", "did you mean {consumer}?"},
      {"- { upstream: u, middlewares: [{ request_header: {} }] }", "did you mean 'request_headers'?"},
      {"- { upstream: u, timeout: 0s }", "timeout"},
  };
  for (const auto& [text, wanted] : cases)
    EXPECT_NE(problems(text).find(wanted), std::string::npos) << text << "\n" << problems(text);
}

TEST(RouteConfig, says_all_that_is_wrong_with_a_match_at_once) {
  const auto said = problems("- { match: { path: a, host: \"a b\", method: 3 }, upstream: u }");
  for (const auto* part :
       {"a path begins with /", "wanted a host name", "match.method: wanted a text, found the number 3"})
    EXPECT_NE(said.find(part), std::string::npos) << part << "\n" << said;
}

TEST(RouteConfig, chains_response_edits_outermost_and_answers_innermost) {
  Routes routes(R"(
- middlewares: [shared, { response_headers: { set: { x: y } } }]
  redirect: /a
  request_headers: { set: { a: b } }
  response_headers: { set: { a: b } }
)");
  ASSERT_EQ(routes.problems.text(), "");
  const auto shared = middleware::respond_kind().plan(std::make_shared<const middleware::Respond>(), nullptr);
  const auto plans = chain_plans(routes.routes[0], {{"shared", shared}});
  ASSERT_EQ(plans.size(), 5U);
  EXPECT_EQ(plans[1].plan, shared);
}

}  // namespace
}  // namespace sluice::proxy
