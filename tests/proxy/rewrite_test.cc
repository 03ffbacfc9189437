#include "proxy/rewrite.h"

#include <gtest/gtest.h>

#include "support/allocations.h"
#include "support/request.h"

namespace sluice::proxy {
namespace {

using test::Request;

RewriteConfig config(std::string_view text, conf::Problems& problems) {
  RewriteConfig result;
  conf::bind(conf::read_text(text, "test.yaml", problems), result, problems);
  return result;
}

std::string problems(std::string_view text) {
  conf::Problems found;
  config(text, found);
  return found.text();
}

// The path that the upstream gets; `rest` of it is what /* matched.
std::string rewritten(std::string_view text, std::string_view target, std::string_view rest = {}) {
  conf::Problems found;
  const Rewrite rewrite(config(text, found));
  if (!found.empty()) return found.text();
  Request request("example.com", target);
  const auto path = request->request.path;
  request->path_rest = path.substr(path.size() - rest.size());
  const auto refusal = rewrite.apply(*request);
  return refusal ? "refused" : std::string(request->request.path);
}

TEST(Rewrite, puts_another_prefix_in_place_of_the_matched_one) {
  EXPECT_EQ(rewritten("path_prefix: /v1/orders", "/orders/7/items", "7/items"), "/v1/orders/7/items");
  EXPECT_EQ(rewritten("path_prefix: /v1/orders", "/orders"), "/v1/orders");
  EXPECT_EQ(rewritten("path_prefix: /v1/orders", "/orders/"), "/v1/orders/");
  EXPECT_EQ(rewritten("path_prefix: /", "/orders/7", "7"), "/7");
  EXPECT_EQ(rewritten("path_prefix: /", "/orders"), "/");
  EXPECT_EQ(rewritten("path_prefix: /v1/", "/orders/a%20b", "a%20b"), "/v1/a%20b");
}

TEST(Rewrite, writes_the_whole_path) {
  EXPECT_EQ(rewritten("path: \"/{host}/{path.rest}\"", "/x/a/b", "a/b"), "/example.com/a/b");
  EXPECT_EQ(rewritten("path: /fixed", "/x"), "/fixed");
  EXPECT_EQ(rewritten("path: \"{query.p}\"", "/x?p=a"), "/a");
}

TEST(Rewrite, lets_no_value_climb_out) {
  EXPECT_EQ(rewritten("path: \"/files/{query.f}\"", "/x?f=.."), "refused");
  EXPECT_EQ(rewritten("path: \"/files/{query.f}/y\"", "/x?f=."), "refused");
  EXPECT_EQ(rewritten("path: \"/files/.{query.f}/y\"", "/x?f=."), "refused");
  EXPECT_EQ(rewritten("path: \"/files/{query.f}/y\"", "/x?f=%2e%2e"), "refused");
  EXPECT_EQ(rewritten("path: \"/{query.f}\"", "/x?f=.."), "refused");
  EXPECT_EQ(rewritten("path: \"/files/{query.f}\"", "/x?f=../../etc"), "refused");
  EXPECT_EQ(rewritten("path: \"/files/{query.f}\"", "/x?f=..%2F..%2Fetc"), "refused");
  EXPECT_EQ(rewritten("path: \"/files/{query.f}\"", "/x?f=a%0D%0Ab"), "/files/a%0D%0Ab");
}

TEST(Rewrite, lets_an_encoded_slash_of_the_path_go_on) {
  EXPECT_EQ(rewritten("path_prefix: /b", "/a/x%2Fy", "x%2Fy"), "/b/x%2Fy");
}

TEST(Rewrite, replaces_the_first_match_of_an_expression) {
  EXPECT_EQ(
      rewritten("{ path_regex: \"^/user/([0-9]+)/(.*)$\", substitution: '/\\2/of/\\1' }", "/user/7/a/b"),
      "/a/b/of/7");
  EXPECT_EQ(rewritten("{ path_regex: old, substitution: new }", "/old/old"), "/new/old");
  EXPECT_EQ(rewritten("{ path_regex: none, substitution: new }", "/old"), "/old");
  EXPECT_EQ(rewritten("{ path_regex: /old, substitution: \"\" }", "/old"), "/");
}

TEST(Rewrite, refuses_what_can_give_no_path) {
  EXPECT_NE(problems("path_prefix: v1"), "");
  EXPECT_NE(problems("path_prefix: /a b"), "");
  EXPECT_NE(problems("path: /a?b"), "");
  EXPECT_NE(problems("path: \"/{status}\""), "");
  EXPECT_NE(problems("{ path_regex: \"(\", substitution: a }"), "");
  EXPECT_NE(problems("{ path_regex: a }"), "");
  EXPECT_NE(problems("{ path_regex: a, substitution: '\\1' }"), "");
  EXPECT_NE(problems("{ path: /a, substitution: b }"), "");
  EXPECT_NE(problems("{ path: /a, path_prefix: /b }"), "");
}

TEST(Rewrite, works_without_the_heap) {
  conf::Problems found;
  const Rewrite prefix(config("path_prefix: /v1", found));
  const Rewrite path(config("path: \"/x{path}\"", found));
  Request request("example.com", "/a/b");
  request->path_rest = request->request.path.substr(3);
  const auto before = test::allocations();
  EXPECT_FALSE(prefix.apply(*request));
  EXPECT_FALSE(path.apply(*request));
  EXPECT_EQ(test::allocations() - before, 0U);
}

}  // namespace
}  // namespace sluice::proxy
