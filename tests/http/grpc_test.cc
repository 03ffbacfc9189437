#include "http/grpc.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice::http {
namespace {

using namespace std::chrono_literals;

std::string message(std::string_view text) {
  char buffer[256];
  TextWriter out(buffer);
  write_grpc_message(out, text);
  return std::string(out.view());
}

std::string timeout(Duration time) {
  std::array<char, 9> buffer;
  return std::string(format_grpc_timeout(time, buffer));
}

TEST(GrpcForm, is_told_by_the_media_type) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "Application/GRPC+json",
                           "application/grpc;charset=utf-8", "application/grpc ; a=b"})
    EXPECT_EQ(grpc_form(type), GrpcForm::native) << type;
  EXPECT_EQ(grpc_form("application/grpc-web"), GrpcForm::web);
  EXPECT_EQ(grpc_form("application/grpc-web+proto"), GrpcForm::web);
  EXPECT_EQ(grpc_form("application/grpc-web-text"), GrpcForm::web_text);
  EXPECT_EQ(grpc_form("application/grpc-web-text+proto"), GrpcForm::web_text);
  for (const char* type : {"", "application/grp", "application/grpcx", "application/grpc-webx",
                           "application/grpc-web-texts", "application/json", "text/application/grpc"})
    EXPECT_EQ(grpc_form(type), GrpcForm::none) << type;
}

TEST(GrpcForm, of_a_response_is_that_of_the_request_unless_accept_names_another) {
  HeaderBlock fields;
  EXPECT_EQ(grpc_response_form(fields), GrpcForm::none);
  fields.set(FieldName::content_type, "application/grpc");
  fields.set(FieldName::accept, "application/grpc-web-text");
  EXPECT_EQ(grpc_response_form(fields), GrpcForm::native) << "a native client reads nothing else";
  fields.set(FieldName::content_type, "application/grpc-web+proto");
  EXPECT_EQ(grpc_response_form(fields), GrpcForm::web_text);
  fields.set(FieldName::accept, "*/*");
  EXPECT_EQ(grpc_response_form(fields), GrpcForm::web);
  fields.set(FieldName::content_type, "application/grpc-web-text");
  EXPECT_EQ(grpc_response_form(fields), GrpcForm::web_text);
  fields.set(FieldName::accept, "application/grpc-web, */*;q=0.1");
  EXPECT_EQ(grpc_response_form(fields), GrpcForm::web);
}

TEST(GrpcForm, leaves_the_suffix_of_a_media_type) {
  EXPECT_EQ(grpc_suffix("application/grpc-web-text+proto"), "+proto");
  EXPECT_EQ(grpc_suffix("application/grpc"), "");
  EXPECT_EQ(grpc_suffix("application/grpc+json;a=b"), "+json;a=b");
}

TEST(GrpcStatus, is_known_by_its_name) {
  for (unsigned code = 0; code < static_cast<unsigned>(GrpcStatus::count_); ++code) {
    const auto status = static_cast<GrpcStatus>(code);
    EXPECT_EQ(grpc_status_of(name(status)), status) << name(status);
  }
  EXPECT_EQ(name(GrpcStatus::unauthenticated), "unauthenticated");
  EXPECT_EQ(name(static_cast<GrpcStatus>(8)), "resource_exhausted");
  EXPECT_EQ(grpc_status_of("UNAVAILABLE"), std::nullopt);
}

TEST(GrpcStatus, follows_from_every_reason) {
  for (std::size_t i = 1; i < reason_count; ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_NE(grpc_status(reason), GrpcStatus::ok) << name(reason);
    EXPECT_LT(grpc_status(reason), GrpcStatus::count_) << name(reason);
  }
}

TEST(GrpcStatus, says_what_a_caller_can_do_about_it) {
  EXPECT_EQ(grpc_status(Reason::route_timeout), GrpcStatus::deadline_exceeded);
  EXPECT_EQ(grpc_status(Reason::upstream_timeout), GrpcStatus::deadline_exceeded);
  EXPECT_EQ(grpc_status(Reason::upstream_connect_timeout), GrpcStatus::unavailable);
  EXPECT_EQ(grpc_status(Reason::upstream_connect_refused), GrpcStatus::unavailable);
  EXPECT_EQ(grpc_status(Reason::no_healthy_endpoint), GrpcStatus::unavailable);
  EXPECT_EQ(grpc_status(Reason::draining), GrpcStatus::unavailable);
  EXPECT_EQ(grpc_status(Reason::rate_limited), GrpcStatus::resource_exhausted);
  EXPECT_EQ(grpc_status(Reason::body_too_large), GrpcStatus::resource_exhausted);
  EXPECT_EQ(grpc_status(Reason::memory_pressure), GrpcStatus::resource_exhausted);
  EXPECT_EQ(grpc_status(Reason::unauthorized), GrpcStatus::unauthenticated);
  EXPECT_EQ(grpc_status(Reason::forbidden), GrpcStatus::permission_denied);
  EXPECT_EQ(grpc_status(Reason::no_route), GrpcStatus::unimplemented);
  EXPECT_EQ(grpc_status(Reason::method_not_allowed), GrpcStatus::unimplemented);
  EXPECT_EQ(grpc_status(Reason::malformed_head), GrpcStatus::internal);
  EXPECT_EQ(grpc_status(Reason::upstream_malformed), GrpcStatus::internal);
  EXPECT_EQ(grpc_status(Reason::internal), GrpcStatus::internal);
  EXPECT_EQ(grpc_status(Reason::client_closed), GrpcStatus::cancelled);
}

TEST(GrpcStatus, is_read_from_fields) {
  HeaderBlock fields;
  EXPECT_EQ(grpc_status(fields), std::nullopt);
  fields.set(FieldName::grpc_status, "0");
  EXPECT_EQ(grpc_status(fields), GrpcStatus::ok);
  fields.set(FieldName::grpc_status, "16");
  EXPECT_EQ(grpc_status(fields), GrpcStatus::unauthenticated);
  for (const char* text : {"17", "4294967296", "-1", "", "OK", "1 "}) {
    fields.clear();
    fields.add(FieldName::grpc_status, text);
    EXPECT_EQ(grpc_status(fields), GrpcStatus::unknown) << text;
  }
}

TEST(GrpcMessage, is_percent_encoded_where_it_is_not_printable) {
  EXPECT_EQ(message("No route: \"x\" ~"), "No route: \"x\" ~");
  EXPECT_EQ(message("100%\r\n"), "100%25%0D%0A");
  EXPECT_EQ(message("\xc3\xa4\x7f"), "%C3%A4%7F");
}

TEST(GrpcTimeout, has_digits_and_a_unit) {
  EXPECT_EQ(parse_grpc_timeout("1H"), Duration(1h));
  EXPECT_EQ(parse_grpc_timeout("2M"), Duration(2min));
  EXPECT_EQ(parse_grpc_timeout("30S"), Duration(30s));
  EXPECT_EQ(parse_grpc_timeout("250m"), Duration(250ms));
  EXPECT_EQ(parse_grpc_timeout("99999999u"), Duration(99'999'999us));
  EXPECT_EQ(parse_grpc_timeout("00000007n"), Duration(7ns));
  EXPECT_EQ(parse_grpc_timeout("0n"), Duration(0)) << "some clients send that for a deadline that has passed";
  EXPECT_EQ(parse_grpc_timeout("99999999H"), longest_grpc_timeout) << "and does not overflow";
  for (const char* text :
       {"", "1", "S", "1s", "1h", "-1S", "+1S", " 1S", "1 S", "1S ", "1.5S", "123456789S", "1SS"})
    EXPECT_EQ(parse_grpc_timeout(text), std::nullopt) << text;
}

TEST(GrpcTimeout, is_written_as_exactly_as_8_digits_allow) {
  EXPECT_EQ(timeout(1ns), "1n");
  EXPECT_EQ(timeout(99'999'999ns), "99999999n");
  EXPECT_EQ(timeout(100ms), "100000u");
  EXPECT_EQ(timeout(1s + 1ns), "1000000u");
  EXPECT_EQ(timeout(100s), "100000m");
  EXPECT_EQ(timeout(27h), "97200000m");
  EXPECT_EQ(timeout(28h), "100800S");
  EXPECT_EQ(timeout(longest_grpc_timeout), "31536000S");
  EXPECT_EQ(timeout(0ns), "1n") << "0 is no timeout that gRPC allows";
  EXPECT_EQ(timeout(-5s), "1n");
}

TEST(GrpcTimeout, that_was_written_is_read_back_within_its_precision) {
  for (Duration time = 1ns; time < longest_grpc_timeout; time = time * 7 + 3ns) {
    const auto read = parse_grpc_timeout(timeout(time));
    ASSERT_TRUE(read);
    EXPECT_LE(*read, time);
    EXPECT_GE(*read, time - time / 99'999);
  }
}

}  // namespace
}  // namespace sluice::http
