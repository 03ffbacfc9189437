#include "middleware/response_headers.h"

#include <gtest/gtest.h>

#include "middleware/built.h"
#include "sluice/header_block.h"
#include "support/request.h"

namespace sluice::middleware {
namespace {

using test::Request;

TEST(ResponseHeaders, edits_the_response_and_not_the_request) {
  Built edits(
      response_headers_kind(),
      "{ set: { x-status: \"{status}\", x-path: \"{path}\" }, add: { vary: Accept }, remove: Server }");
  ASSERT_EQ(edits.problems, "");
  Request request("example.com", "/a", {{"Server", "no"}});
  request->response.status = 404;
  request->response.fields.add("Server", "nginx");
  request->response.fields.add("Vary", "Origin");
  EXPECT_EQ(edits->on_request(*request), Step::next);
  edits->on_response(*request);
  const auto& fields = request->response.fields;
  EXPECT_EQ(fields.find("x-status"), "404");
  EXPECT_EQ(fields.find("x-path"), "/a");
  EXPECT_EQ(fields.count(FieldName::vary), 2U);
  EXPECT_FALSE(fields.has("Server"));
  EXPECT_TRUE(request->request.fields.has("Server"));
}

TEST(ResponseHeaders, leaves_framing_alone) {
  EXPECT_NE(Built(response_headers_kind(), "{ set: { content-length: 5 } }").problems, "");
  EXPECT_NE(Built(response_headers_kind(), "{ remove: [Transfer-Encoding] }").problems, "");
}

}  // namespace
}  // namespace sluice::middleware
