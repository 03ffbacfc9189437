#include "sluice/exchange.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "http/problem.h"
#include "support/allocations.h"
#include "support/request.h"

namespace sluice {
namespace {

using http::FieldName;
using test::Request;

TEST(Exchange, refuses_with_a_problem_and_says_so_in_proxy_status) {
  Request request;
  request->request_id = "r-1";
  request->endpoint = "10.0.0.1:80";
  EXPECT_EQ(request->refuse(http::Reason::no_route), Step::reply);
  const auto& response = request->response;
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(request->reason, http::Reason::no_route);
  EXPECT_EQ(response.fields.find(FieldName::content_type), "application/problem+json");
  EXPECT_EQ(response.fields.find(FieldName::cache_control), "no-store");
  EXPECT_NE(response.fields.find("Proxy-Status")->find("error=destination_not_found"),
            std::string_view::npos);
  EXPECT_NE(response.fields.find("Proxy-Status")->find("10.0.0.1:80"), std::string_view::npos);
  EXPECT_EQ(response.body.length, request->reply_body().size());
  EXPECT_NE(request->reply_body().find("\"status\":404"), std::string_view::npos);
  EXPECT_NE(request->reply_body().find("r-1"), std::string_view::npos);
  EXPECT_TRUE(request->has_reply());
}

TEST(Exchange, refuses_a_grpc_call_with_its_status_in_the_head_alone) {
  Request request;
  request->grpc = http::GrpcForm::native;
  request->endpoint = "10.0.0.1:80";
  EXPECT_EQ(request->refuse(http::Reason::forbidden, "100% no"), Step::reply);
  const auto& response = request->response;
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(request->reason, http::Reason::forbidden);
  EXPECT_EQ(response.fields.find(FieldName::content_type), "application/grpc");
  EXPECT_EQ(response.fields.find(FieldName::grpc_status), "7");
  EXPECT_EQ(response.fields.find(FieldName::grpc_message), "forbidden: 100%25 no");
  EXPECT_EQ(request->grpc_status, http::GrpcStatus::permission_denied);
  EXPECT_EQ(response.fields.find(FieldName::cache_control), "no-store");
  EXPECT_NE(response.fields.find("Proxy-Status")->find("details=\"forbidden\""), std::string_view::npos);
  EXPECT_FALSE(response.fields.has(FieldName::content_length));
  EXPECT_EQ(response.body.kind, http::BodyLength::Kind::none);
  EXPECT_EQ(request->reply_body(), "");
}

TEST(Exchange, refuses_a_grpc_web_call_in_its_own_form) {
  Request request;
  request->grpc = http::GrpcForm::web_text;
  request->refuse(http::Reason::no_route);
  EXPECT_EQ(request->response.fields.find(FieldName::content_type), "application/grpc-web-text");
  EXPECT_EQ(request->response.fields.find(FieldName::grpc_status), "12");
}

TEST(Exchange, refuses_a_grpc_call_without_a_message_that_is_too_long) {
  Request request;
  request->grpc = http::GrpcForm::native;
  request->refuse(http::Reason::forbidden, std::string(3000, 'x'));
  EXPECT_EQ(request->response.fields.find(FieldName::grpc_status), "7");
  EXPECT_FALSE(request->response.fields.has(FieldName::grpc_message));
}

TEST(Exchange, gives_the_detail_of_the_one_who_refuses) {
  Request request;
  request->refuse(http::Reason::forbidden, "not on \"Sundays\"");
  EXPECT_NE(request->reply_body().find("not on \\\"Sundays\\\""), std::string_view::npos);
}

TEST(Exchange, falls_back_to_the_reasons_own_sentence_where_the_detail_is_too_long) {
  Request request;
  request->refuse(http::Reason::forbidden, std::string(5000, 'x'));
  EXPECT_NE(request->reply_body().find("The caller is known"), std::string_view::npos);
}

TEST(Exchange, every_reason_fits) {
  for (std::size_t i = 1; i < http::reason_count; ++i) {
    Request request;
    const auto reason = static_cast<http::Reason>(i);
    request->refuse(reason);
    EXPECT_EQ(request->response.status, http::status(reason));
    EXPECT_NE(request->reply_body().find(http::name(reason)), std::string_view::npos);
  }
}

TEST(Exchange, a_reply_takes_the_place_of_what_the_response_held) {
  Request request;
  request->response.fields.add("X-Old", "1");
  request->reply(200, "text/plain", "hello");
  EXPECT_FALSE(request->response.fields.has("X-Old"));
  EXPECT_EQ(request->reply_body(), "hello");
  EXPECT_EQ(request->response.body.kind, http::BodyLength::Kind::length);
  EXPECT_EQ(request->response.body.length, 5U);
}

TEST(Exchange, a_204_has_neither_body_length_nor_content_type) {
  Request request;
  request->reply(204, "text/plain", "");
  EXPECT_EQ(request->response.body.kind, http::BodyLength::Kind::none);
  EXPECT_FALSE(request->response.fields.has(FieldName::content_type));
}

struct Counted {
  static inline int alive = 0;
  int value = 7;
  Counted() noexcept { ++alive; }
  ~Counted() { --alive; }
};

TEST(Exchange, makes_and_destroys_the_state_of_its_chain) {
  SlotLayout layout;
  const auto small = layout.add<char>();
  const auto counted = layout.add<Counted>();
  Request request;
  request->make_slots(layout);
  EXPECT_EQ(Counted::alive, 1);
  EXPECT_EQ(request->slot(counted).value, 7);
  EXPECT_EQ(request->slot(small), '\0');
  request->slot(counted).value = 8;
  EXPECT_EQ(request->slot(counted).value, 8);
  request->destroy_slots();
  request->destroy_slots();
  EXPECT_EQ(Counted::alive, 0);
}

struct Pass final : BodyFilter {
  Result<BodyPiece> filter(const BodyPiece& piece) override { return piece; }
};

TEST(Exchange, keeps_filters_in_order_and_knows_whether_they_change_the_length) {
  Request request;
  Pass a, b;
  request->filter_response(a, false);
  EXPECT_FALSE(request->response_filters().changes_length);
  request->filter_response(b, true);
  EXPECT_EQ(request->response_filters().count, 2U);
  EXPECT_EQ(request->response_filters().items[1], &b);
  EXPECT_TRUE(request->response_filters().changes_length);
  EXPECT_EQ(request->request_filters().count, 0U);
  for (int i = 0; i < 8; ++i) request->filter_request(a, false);
  EXPECT_THROW(request->filter_request(a, false), std::length_error);
}

TEST(Exchange, is_as_new_once_cleared) {
  Request request("example.com", "/a?b", {{"X", "1"}});
  Pass filter;
  request->filter_request(filter, true);
  request->consumer = "c";
  request->refuse(http::Reason::internal);
  request->clear();
  EXPECT_EQ(request->request.path, "");
  EXPECT_EQ(request->request.fields.size(), 0U);
  EXPECT_EQ(request->response.status, 0);
  EXPECT_EQ(request->reason, http::Reason::none);
  EXPECT_EQ(request->consumer, "");
  EXPECT_EQ(request->request_filters().count, 0U);
  EXPECT_FALSE(request->has_reply());
}

TEST(Exchange, refuses_without_the_heap_once_it_is_warm) {
  Request request;
  request->refuse(http::Reason::no_route);
  request->clear();
  const auto before = test::allocations();
  request->refuse(http::Reason::no_route, "a detail");
  EXPECT_EQ(test::allocations() - before, 0U);
}

}  // namespace
}  // namespace sluice
