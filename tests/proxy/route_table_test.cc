#include "proxy/route_table.h"

#include <gtest/gtest.h>

#include "proxy/route_fixture.h"
#include "support/allocations.h"
#include "support/request.h"

namespace sluice::proxy {
namespace {

using test::Request;

std::string to(const Routes& routes, std::string_view host, std::string_view target) {
  Request request(host, target);
  return routes.to(request->request);
}

std::string rest(const Routes& routes, std::string_view target) {
  Request request("example.com", target);
  return std::string(routes.table.match(request->request).path_rest);
}

TEST(RouteTable, without_routes_has_no_route) {
  EXPECT_EQ(to(Routes(" []"), "example.com", "/"), "no_route");
  Request request;
  EXPECT_FALSE(RouteTable().match(request->request));
}

TEST(RouteTable, a_route_without_match_takes_everything) {
  Routes routes("- { name: all, upstream: a }");
  ASSERT_EQ(routes.problems.text(), "");
  EXPECT_EQ(to(routes, "", "/"), "all");
  EXPECT_EQ(to(routes, "[::1]", "/a/b?c"), "all");
  Request request;
  request->request.path = "*";
  EXPECT_EQ(routes.to(request->request), "all");
}

TEST(RouteTable, prefers_the_exact_host_then_the_longer_wildcard_then_none) {
  Routes routes(R"(
- { name: any, upstream: a }
- { name: wide, match: { host: "*.example.com" }, upstream: a }
- { name: wider, match: { host: "*.eu.example.com" }, upstream: a }
- { name: exact, match: { host: [API.example.com, "[::1]"] }, upstream: a }
)");
  ASSERT_EQ(routes.problems.text(), "");
  EXPECT_EQ(to(routes, "api.example.com", "/"), "exact");
  EXPECT_EQ(to(routes, "[::1]", "/"), "exact");
  EXPECT_EQ(to(routes, "x.example.com", "/"), "wide");
  EXPECT_EQ(to(routes, "a.b.example.com", "/"), "wide");
  EXPECT_EQ(to(routes, "x.eu.example.com", "/"), "wider");
  EXPECT_EQ(to(routes, "eu.example.com", "/"), "wide");
  EXPECT_EQ(to(routes, "example.com", "/"), "any");
  EXPECT_EQ(to(routes, ".example.com", "/"), "any");
  EXPECT_EQ(to(routes, "notexample.com", "/"), "any");
}

TEST(RouteTable, prefers_exact_then_regex_then_the_longer_prefix) {
  Routes routes(R"(
- { name: root, match: { path: /* }, upstream: a }
- { name: short, match: { path: /a/* }, upstream: a }
- { name: long, match: { path: /a/b/* }, upstream: a }
- { name: regex, match: { path_regex: "/a/.*[.]js" }, upstream: a }
- { name: exact, match: { path: [/a/b/x.js, /e] }, upstream: a }
)");
  ASSERT_EQ(routes.problems.text(), "");
  EXPECT_EQ(to(routes, "h", "/a/b/x.js"), "exact");
  EXPECT_EQ(to(routes, "h", "/e"), "exact");
  EXPECT_EQ(to(routes, "h", "/e/"), "root");
  EXPECT_EQ(to(routes, "h", "/a/b/y.js"), "regex");
  EXPECT_EQ(to(routes, "h", "/a/b/y.jsx"), "long");
  EXPECT_EQ(to(routes, "h", "/a/b"), "long");
  EXPECT_EQ(to(routes, "h", "/a/bc"), "short");
  EXPECT_EQ(to(routes, "h", "/a"), "short");
  EXPECT_EQ(to(routes, "h", "/ab"), "root");
  EXPECT_EQ(to(routes, "h", "/"), "root");
}

TEST(RouteTable, tells_what_the_star_took) {
  Routes routes("- { match: { path: [/a/*, /d//*] }, upstream: a }\n- { match: { path: /* }, upstream: b }");
  ASSERT_EQ(routes.problems.text(), "");
  EXPECT_EQ(rest(routes, "/a/b/c"), "b/c");
  EXPECT_EQ(rest(routes, "/a/"), "");
  EXPECT_EQ(rest(routes, "/a"), "");
  EXPECT_EQ(rest(routes, "/a//c"), "/c");
  EXPECT_EQ(rest(routes, "/d//x"), "x");
  EXPECT_EQ(rest(routes, "/x/y"), "x/y");
  EXPECT_EQ(rest(routes, "/"), "");
}

TEST(RouteTable, the_host_weighs_more_than_the_path_but_a_less_specific_host_gets_what_is_left) {
  Routes routes(R"(
- { name: health, match: { path: /health }, upstream: a }
- { name: site, match: { host: example.com, path: /site/* }, upstream: a }
- { name: wild, match: { host: "*.example.com" }, upstream: a }
)");
  EXPECT_EQ(to(routes, "example.com", "/site/x"), "site");
  EXPECT_EQ(to(routes, "example.com", "/health"), "health");
  EXPECT_EQ(to(routes, "a.example.com", "/health"), "wild");
}

TEST(RouteTable, prefers_more_predicates_then_the_order_of_the_file) {
  Routes routes(R"(
- { name: plain, match: { path: /a }, upstream: a }
- { name: beta, match: { path: /a, header: { x-beta: "1" } }, upstream: a }
- { name: get-beta, match: { path: /a, method: GET, header: { x-beta: "1" } }, upstream: a }
- { name: debug, match: { path: /a, query: { debug: "1" } }, upstream: a }
)");
  ASSERT_EQ(routes.problems.text(), "");
  const auto with = [&](std::string_view target, Request::Fields fields, std::string_view method = "GET") {
    Request request("h", target, fields);
    request.method(method);
    return routes.to(request->request);
  };
  EXPECT_EQ(with("/a", {}), "plain");
  EXPECT_EQ(with("/a", {{"X-Beta", "1"}}), "get-beta");
  EXPECT_EQ(with("/a", {{"X-Beta", "1"}}, "POST"), "beta");
  EXPECT_EQ(with("/a?debug=1", {{"X-Beta", "1"}}, "POST"), "beta");
  EXPECT_EQ(with("/a?debug=1", {}), "debug");
  EXPECT_EQ(with("/a?debug=2", {}), "plain");
}

TEST(RouteTable, judges_header_fields) {
  Routes routes(R"(
- { name: exact, match: { path: /e, header: { X-Kind: a } }, upstream: a }
- { name: regex, match: { path: /r, header: { accept: { regex: "text/.*" } } }, upstream: a }
- { name: there, match: { path: /p, header: { x-kind: { present: true } } }, upstream: a }
- { name: absent, match: { path: /n, header: { cookie: { present: false } } }, upstream: a }
)");
  ASSERT_EQ(routes.problems.text(), "");
  const auto with = [&](std::string_view target, Request::Fields fields) {
    Request request("h", target, fields);
    return routes.to(request->request);
  };
  EXPECT_EQ(with("/e", {{"x-kind", "b"}, {"x-kind", "a"}}), "exact");
  EXPECT_EQ(with("/e", {{"x-kind", "A"}}), "no_route");
  EXPECT_EQ(with("/e", {{"x-kinds", "a"}}), "no_route");
  EXPECT_EQ(with("/r", {{"Accept", "text/html"}}), "regex");
  EXPECT_EQ(with("/r", {{"Accept", "a text/html"}}), "no_route");
  EXPECT_EQ(with("/p", {{"X-KIND", ""}}), "there");
  EXPECT_EQ(with("/p", {}), "no_route");
  EXPECT_EQ(with("/n", {}), "absent");
  EXPECT_EQ(with("/n", {{"Cookie", "a"}}), "no_route");
}

TEST(RouteTable, judges_query_parameters_decoded) {
  Routes routes(R"(
- { name: exact, match: { path: /e, query: { "a b": "ö&" } }, upstream: a }
- { name: regex, match: { path: /r, query: { v: { regex: "[0-9]+ x" } } }, upstream: a }
- { name: there, match: { path: /p, query: { v: { present: true } } }, upstream: a }
- { name: absent, match: { path: /n, query: { v: { present: false } } }, upstream: a }
)");
  ASSERT_EQ(routes.problems.text(), "");
  EXPECT_EQ(to(routes, "h", "/e?a+b=%C3%B6%26"), "exact");
  EXPECT_EQ(to(routes, "h", "/e?a+b=1&a%20b=%c3%b6%26"), "exact");
  EXPECT_EQ(to(routes, "h", "/e?a+b=o"), "no_route");
  EXPECT_EQ(to(routes, "h", "/r?v=12%20x"), "regex");
  EXPECT_EQ(to(routes, "h", "/r?v=12%20xy"), "no_route");
  EXPECT_EQ(to(routes, "h", "/r?v=" + std::string(2000, '7') + "+x"), "regex");
  EXPECT_EQ(to(routes, "h", "/p?v"), "there");
  EXPECT_EQ(to(routes, "h", "/p"), "no_route");
  EXPECT_EQ(to(routes, "h", "/n?w=1"), "absent");
  EXPECT_EQ(to(routes, "h", "/n?v=1"), "no_route");
}

TEST(RouteTable, tells_which_methods_would_have_matched) {
  Routes routes(R"(
- { name: read, match: { path: /a, method: GET }, upstream: a }
- { name: write, match: { path: /a, method: [POST, PURGE] }, upstream: a }
- { name: beta, match: { path: /a, method: PUT, header: { x-beta: "1" } }, upstream: a }
)");
  ASSERT_EQ(routes.problems.text(), "");
  const auto with = [&](std::string_view method) {
    Request request("h", "/a");
    request.method(method);
    const auto result = routes.table.match(request->request);
    if (result) return routes.routes[result.route].name;
    return std::string(http::name(result.refusal)) + ": " +
           std::string(routes.table.allow(result, request->arena()));
  };
  EXPECT_EQ(with("GET"), "read");
  EXPECT_EQ(with("HEAD"), "read");
  EXPECT_EQ(with("POST"), "write");
  EXPECT_EQ(with("PURGE"), "write");
  EXPECT_EQ(with("DELETE"), "method_not_allowed: GET, HEAD, POST, PURGE");
  EXPECT_EQ(with("BREW"), "method_not_allowed: GET, HEAD, POST, PURGE");
}

TEST(RouteTable, another_method_falls_through_to_a_less_specific_route) {
  Routes routes(
      "- { name: all, upstream: a }\n- { name: get, match: { path: /a, method: GET }, upstream: a }");
  Request request("h", "/a");
  request.method("BREW");
  EXPECT_EQ(routes.to(request->request), "all");
}

std::string unreachable(std::string_view text) { return Routes(text).problems.text(); }

TEST(RouteTable, reports_routes_that_no_request_can_reach) {
  EXPECT_EQ(unreachable("- { name: one, match: { path: /a }, upstream: a }\n"
                        "- { name: two, match: { path: /a }, upstream: b }"),
            "test.yaml:3:3: routes[1]: no request reaches this route: \"one\" in line 2 takes all that it "
            "matches\n");
  const std::string_view shadowed[] = {
      "- { name: a, upstream: a }\n- { name: b, match: { path: /* }, upstream: a }",
      "- { match: { host: A.b }, upstream: a }\n- { match: { host: a.B }, upstream: a }",
      "- { match: { path_regex: /a+ }, upstream: a }\n- { match: { path_regex: /a+ }, upstream: a }",
      "- { match: { path_regex: /.* }, upstream: a }\n- { match: { path: /a/* }, upstream: a }",
      "- { match: { method: [GET, POST] }, upstream: a }\n- { match: { method: GET }, upstream: a }",
      "- { match: { method: GET }, upstream: a }\n- { match: { method: HEAD }, upstream: a }",
      "- { match: { method: GET }, upstream: a }\n- { match: { method: PUT }, upstream: a }\n"
      "- { match: { method: [GET, PUT] }, upstream: a }",
      "- { match: { header: { x: { present: true } } }, upstream: a }\n- { match: { header: { X: a } }, "
      "upstream: a }",
      "- { match: { path: [/a, /b] }, upstream: a }\n- { match: { path: /b }, upstream: a }",
  };
  for (const auto text : shadowed) EXPECT_NE(unreachable(text), "") << text;
}

TEST(RouteTable, does_not_complain_of_routes_that_some_request_reaches) {
  const std::string_view reached[] = {
      "- { match: { path: /a }, upstream: a }\n- { match: { path: [/a, /b] }, upstream: a }",
      "- { match: { path: /a/* }, upstream: a }\n- { match: { path: /a }, upstream: a }",
      "- { match: { header: { x: a } }, upstream: a }\n- { match: { header: { x: b } }, upstream: a }",
      "- { match: { header: { x: a } }, upstream: a }\n- { match: { query: { x: a } }, upstream: a }",
      "- { match: { method: GET }, upstream: a }\n- { match: { method: [GET, PUT] }, upstream: a }",
      "- { match: { method: GET }, upstream: a }\n- { upstream: a }",
      "- { match: { path_regex: /.*, method: GET }, upstream: a }\n- { match: { path: /a/* }, upstream: a }",
      "- { match: { path_regex: /.* }, upstream: a }\n- { match: { path: /a }, upstream: a }",
  };
  for (const auto text : reached) EXPECT_EQ(unreachable(text), "") << text;
}

TEST(RouteTable, reports_expressions_that_do_not_compile) {
  EXPECT_NE(unreachable("- { match: { path_regex: \"/a(\" }, upstream: a }")
                .find("not a regular expression of RE2"),
            std::string::npos);
  EXPECT_NE(unreachable("- { match: { header: { x: { regex: \"[\" } } }, upstream: a }"), "");
}

TEST(RouteTable, finds_each_of_many_routes) {
  std::vector<RouteMatch> matches(10'000);
  std::vector<RouteEntry> entries;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    matches[i].host.push_back("h" + std::to_string(i % 100) + ".example.com");
    matches[i].path.push_back("/api/v1/service" + std::to_string(i) + (i % 3 == 0 ? "" : "/*"));
    entries.push_back({&matches[i], "r", {}});
  }
  conf::Problems problems;
  const RouteTable table(entries, problems);
  ASSERT_EQ(problems.text(), "");
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const std::string path = "/api/v1/service" + std::to_string(i) + (i % 3 == 0 ? "" : "/x/y");
    Request request(*matches[i].host[0], path);
    ASSERT_EQ(table.match(request->request).route, i);
  }
}

TEST(RouteTable, matches_without_the_heap) {
  Routes routes(R"(
- { name: all, upstream: a }
- { name: regex, match: { host: example.com, path_regex: "/a/[0-9]+" }, upstream: a }
- { name: beta, match: { host: "*.com", path: /b/*, method: POST, query: { v: { regex: "1.*" } } }, upstream: a }
)");
  ASSERT_EQ(routes.problems.text(), "");
  Request request("example.com", "/b/12?v=123");
  Request number("example.com", "/a/12");
  routes.table.match(request->request);  // RE2 makes its states as it meets them
  routes.table.match(number->request);
  const auto before = test::allocations();
  routes.table.match(request->request);
  const auto result = routes.table.match(number->request);
  EXPECT_EQ(test::allocations() - before, 0U);
  EXPECT_EQ(result.route, 1U);
}

}  // namespace
}  // namespace sluice::proxy
