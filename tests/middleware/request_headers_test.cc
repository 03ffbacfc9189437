#include "middleware/request_headers.h"

#include <gtest/gtest.h>

#include "middleware/built.h"
#include "support/allocations.h"
#include "support/request.h"

namespace sluice::middleware {
namespace {

using test::Request;

std::string problems(std::string_view text) { return Built(request_headers_kind(), text).problems; }

TEST(RequestHeaders, sets_adds_and_removes) {
  Built edits(request_headers_kind(),
              "{ set: { X-Tenant: \"{consumer}\", accept: text/plain }, add: { x-tag: [a, \"{method}\"] },"
              " remove: [X-Internal, cookie] }");
  ASSERT_EQ(edits.problems, "");
  Request request("example.com", "/",
                  {{"x-tenant", "forged"},
                   {"X-Tenant", "twice"},
                   {"Accept", "*/*"},
                   {"x-internal", "1"},
                   {"X-Internal", "2"},
                   {"Cookie", "a=1"},
                   {"X-Tag", "mine"},
                   {"X-Kept", "yes"}});
  request->consumer = "mobile-app";
  EXPECT_EQ(edits->on_request(*request), Step::next);
  std::string all;
  for (const auto field : request->request.fields)
    all.append(field.name).append("=").append(field.value).append(";");
  EXPECT_EQ(all, "x-tenant=mobile-app;Accept=text/plain;X-Tag=mine;X-Kept=yes;x-tag=a;x-tag=GET;");
}

TEST(RequestHeaders, takes_values_from_the_head_as_it_came) {
  Built edits(request_headers_kind(),
              "{ set: { x-a: \"{header.x-b}\", x-b: \"{header.x-a}\", x-c: \"{header.x-gone}\" }, remove: "
              "[x-gone] }");
  Request request("example.com", "/", {{"x-a", "1"}, {"x-b", "2"}, {"x-gone", "3"}});
  edits->on_request(*request);
  const auto& fields = request->request.fields;
  EXPECT_EQ(fields.find("x-a"), "2");
  EXPECT_EQ(fields.find("x-b"), "1");
  EXPECT_EQ(fields.find("x-c"), "3");
  EXPECT_FALSE(fields.has("x-gone"));
}

TEST(RequestHeaders, lets_no_value_end_its_line) {
  Built edits(request_headers_kind(), "{ set: { x-c: \"{consumer}\", x-d: \"a\\r\\nb: c\" } }");
  ASSERT_EQ(edits.problems, "");
  Request request;
  request->consumer = "a\r\nSet-Cookie: b\n";
  edits->on_request(*request);
  for (const auto field : request->request.fields)
    EXPECT_EQ(field.value.find_first_of("\r\n"), std::string_view::npos) << field.value;
}

TEST(RequestHeaders, leaves_framing_connection_and_host_alone) {
  for (const char* name : {"Content-Length", "transfer-encoding", "Connection", "Keep-Alive", "TE", "Upgrade",
                           "Trailer", "Proxy-Connection"}) {
    EXPECT_NE(problems("{ set: { " + std::string(name) + ": x } }").find("the gateway writes it itself"),
              std::string::npos)
        << name;
    EXPECT_NE(problems("{ remove: " + std::string(name) + " }"), "") << name;
    EXPECT_NE(problems("{ add: { " + std::string(name) + ": x } }"), "") << name;
  }
  EXPECT_EQ(
      problems("{ set: { Host: x } }"),
      "test.yaml:1:40: use.request_headers.set.Host: Host is not edited here; set `host` of the upstream\n");
}

TEST(RequestHeaders, refuses_names_that_are_none_and_variables_that_do_not_fit) {
  EXPECT_NE(problems("{ set: { \"a b\": x } }").find("is not a header field name"), std::string::npos);
  EXPECT_NE(problems("{ set: { x-a: \"{status}\" } }").find("not known before the response"),
            std::string::npos);
  EXPECT_NE(problems("{ add: { x-a: [a, \"{pth}\"] } }").find("did you mean {path}?"), std::string::npos);
  EXPECT_NE(problems("{ sett: { x-a: b } }").find("did you mean 'set'?"), std::string::npos);
  EXPECT_NE(problems("{}"), "");
}

TEST(RequestHeaders, edits_without_the_heap) {
  Built edits(request_headers_kind(),
              "{ set: { X-Tenant: \"{consumer}-{path}\" }, add: { x-tag: a }, remove: [X-Internal] }");
  Request request("example.com", "/a", {{"X-Internal", "1"}});
  const auto before = test::allocations();
  edits->on_request(*request);
  EXPECT_EQ(test::allocations() - before, 0U);
}

}  // namespace
}  // namespace sluice::middleware
