#include "middleware/redirect.h"

#include <gtest/gtest.h>

#include "middleware/built.h"
#include "sluice/header_block.h"
#include "support/allocations.h"
#include "support/request.h"

namespace sluice::middleware {
namespace {

using test::Request;

std::string quoted_yaml(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string location(std::string_view to, Request& request) {
  Built redirect(redirect_kind(), "{ to: " + quoted_yaml(to) + " }");
  if (!redirect.problems.empty()) return redirect.problems;
  redirect->on_request(*request);
  return std::string(request->response.fields.find(FieldName::location).value_or("none"));
}

std::string problems(std::string_view to) {
  return Built(redirect_kind(), "{ to: " + quoted_yaml(to) + " }").problems;
}

TEST(Redirect, sends_to_a_path_with_what_the_route_matched) {
  Request request("example.com", "/old/a/b?x=1");
  request->path_rest = "a/b";
  EXPECT_EQ(location("/new/{path.rest}", request), "/new/a/b?x=1");
  EXPECT_EQ(request->response.status, 308);
  EXPECT_EQ(request->reply_body(), "");
}

TEST(Redirect, sends_to_https_on_the_same_host) {
  Request request("example.com", "/a%20b?c=d");
  EXPECT_EQ(location("https://{host}{path}", request), "https://example.com/a%20b?c=d");
}

TEST(Redirect, keeps_the_query_unless_told_otherwise) {
  Request request("example.com", "/a?x=1");
  EXPECT_EQ(location("/b?y=2", request), "/b?y=2");
  EXPECT_EQ(location("/b#part", request), "/b#part");
  Built redirect(redirect_kind(), "{ to: /b, keep_query: false, status: 302 }");
  redirect->on_request(*request);
  EXPECT_EQ(request->response.fields.find(FieldName::location), "/b");
  EXPECT_EQ(request->response.status, 302);
}

TEST(Redirect, lets_no_value_climb_out_of_its_segment) {
  for (const char* target : {"/?x=..", "/?x=.", "/?x=%2e%2E"}) {
    Request request("example.com", target);
    EXPECT_EQ(location("/safe/{query.x}/y", request), "none") << target;
    EXPECT_EQ(request->reason, http::Reason::invalid_target);
  }
  Request query("example.com", "/?x=..");
  EXPECT_EQ(location("/safe?to={query.x}", query), "/safe?to=..");
}

TEST(Redirect, never_lets_a_request_choose_the_host) {
  struct Case {
    std::string_view to, target, rest, wanted;
  } const cases[] = {
      {"/{path.rest}", "/go//evil.example", "/evil.example", "/evil.example"},
      {"{path}", "//evil.example/x", "", "/evil.example/x"},
      {"/{query.next}", "/?next=//evil.example", "", "/%2F%2Fevil.example?next=//evil.example"},
      {"/{query.next}", "/?next=/%5Cevil.example", "", "/%2F%5Cevil.example?next=/%5Cevil.example"},
      {"/{query.next}", "/?next=%0D%0ASet-Cookie:x", "", "/%0D%0ASet-Cookie%3Ax?next=%0D%0ASet-Cookie:x"},
  };
  for (const auto& c : cases) {
    Request request("example.com", c.target);
    request->path_rest = c.rest;
    EXPECT_EQ(location(c.to, request), c.wanted) << c.to;
  }
  Request request;
  request->request.path = "/\\evil.example";
  EXPECT_EQ(location("{path}", request), "/%5Cevil.example");
  request->path_rest = "\\evil.example";
  EXPECT_EQ(location("/{path.rest}", request), "/%5Cevil.example");
  request->path_rest = "\t/evil.example\r\nX: y";
  EXPECT_EQ(location("/{path.rest}", request), "/%09/evil.example%0D%0AX:%20y");
}

TEST(Redirect, refuses_a_request_without_a_host_where_the_target_needs_one) {
  Request request("", "/evil.example");
  EXPECT_EQ(location("https://{host}{path}", request), "none");
  EXPECT_EQ(request->reason, http::Reason::invalid_host);
}

TEST(Redirect, takes_only_targets_whose_host_is_fixed) {
  EXPECT_EQ(problems("https://www.example.com"), "");
  EXPECT_EQ(problems("https://www.{host}/x"), "");
  EXPECT_EQ(problems("{scheme}://{authority}{path}"), "");
  for (const char* to :
       {"{query.next}", "{path.rest}", "https://{query.host}/", "https://{header.x-host}",
        "https://example.com{path.rest}", "https://example.com{query.x}", "https://{host}.{consumer}/",
        "//evil.example", "javascript:alert(1)", "new", "", "https://", "https:///x",
        "https://user@example.com/", "/a b", "/a\\\\b", "/{status}", "{header.x}://a/"}) {
    EXPECT_NE(problems(to), "") << to;
  }
}

TEST(Redirect, takes_only_statuses_that_redirect) {
  EXPECT_NE(Built(redirect_kind(), "{ to: /a, status: 304 }").problems, "");
  EXPECT_NE(Built(redirect_kind(), "{ to: /a, status: 300 }").problems, "");
  EXPECT_EQ(Built(redirect_kind(), "{ to: /a, status: 303 }").problems, "");
}

TEST(Redirect, may_be_written_as_its_target_alone) { EXPECT_EQ(Built(redirect_kind(), "/a").problems, ""); }

TEST(Redirect, works_without_the_heap) {
  Built redirect(redirect_kind(), "{ to: \"https://{host}/new{path}\" }");
  Request request("example.com", "/a?b=c");
  const auto before = test::allocations();
  redirect->on_request(*request);
  EXPECT_EQ(test::allocations() - before, 0U);
}

}  // namespace
}  // namespace sluice::middleware
