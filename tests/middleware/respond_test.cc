#include "middleware/respond.h"

#include <gtest/gtest.h>

#include "middleware/built.h"
#include "sluice/header_block.h"
#include "support/request.h"

namespace sluice::middleware {
namespace {

using test::Request;

TEST(Respond, answers_as_configured) {
  Built respond(
      respond_kind(),
      "{ status: 503, body: \"{\\\"a\\\":1}\", content_type: application/json, headers: { Retry-After: \"5\","
      " x-path: \"{path}\" } }");
  ASSERT_EQ(respond.problems, "");
  Request request("example.com", "/a");
  EXPECT_EQ(respond->on_request(*request), Step::reply);
  const auto& response = request->response;
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(request->reply_body(), "{\"a\":1}");
  EXPECT_EQ(response.fields.find(FieldName::content_type), "application/json");
  EXPECT_EQ(response.fields.find("retry-after"), "5");
  EXPECT_EQ(response.fields.find("x-path"), "/a");
  EXPECT_EQ(request->reason, http::Reason::none);
}

TEST(Respond, holds_its_body_once_for_all_who_are_slow_to_take_it) {
  Built respond(respond_kind(), "{ body: hello }");
  Request one, another;
  respond->on_request(*one);
  respond->on_request(*another);
  EXPECT_EQ(one->reply_body(), "hello");
  EXPECT_EQ(one->reply_body().data(), another->reply_body().data());
}

TEST(Respond, has_plain_defaults) {
  Built respond(respond_kind(), "{ body: hello }");
  Request request;
  respond->on_request(*request);
  EXPECT_EQ(request->response.status, 200);
  EXPECT_EQ(request->response.fields.find(FieldName::content_type), "text/plain; charset=utf-8");
}

TEST(Respond, refuses_what_no_response_can_be) {
  EXPECT_NE(Built(respond_kind(), "{ status: 199 }").problems, "");
  EXPECT_NE(Built(respond_kind(), "{ status: 600 }").problems, "");
  EXPECT_NE(Built(respond_kind(), "{ status: 204, body: x }").problems.find("has no body"),
            std::string::npos);
  EXPECT_NE(Built(respond_kind(), "{ headers: { Content-Length: \"3\" } }").problems, "");
  EXPECT_NE(Built(respond_kind(), "{ content_type: \"a\\r\\nb: c\" }").problems, "");
}

}  // namespace
}  // namespace sluice::middleware
