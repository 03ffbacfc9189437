#include "telemetry/access_format.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "telemetry/records.h"

namespace sluice::telemetry {
namespace {

using namespace std::chrono_literals;

std::string json(const AccessRecord& record) {
  std::string out;
  append_json(record, out);
  return out;
}
std::string text(const AccessRecord& record) {
  std::string out;
  append_text(record, out);
  return out;
}
std::string time_text(WallTime time) {
  std::string out;
  append_time(time, out);
  return out;
}

TEST(AccessTime, is_rfc_3339_with_milliseconds) {
  EXPECT_EQ(time_text(WallTime(0s)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(time_text(WallTime(1709251199s + 999999us)), "2024-02-29T23:59:59.999Z");
}

TEST(AccessJson, has_one_object_a_line) {
  EXPECT_EQ(
      json(usual_record()),
      R"({"time":"2026-01-02T12:04:05.067Z","status":200,"protocol":"HTTP/1.1","duration_ms":12.345,)"
      R"("upstream_duration_ms":11.000,"bytes_in":321,"bytes_out":1234,"attempts":1,"listener":"public",)"
      R"("client":"203.0.113.7","peer":"10.0.0.1:51234","method":"GET","host":"api.example.com",)"
      R"("path":"/orders/7","query":"full=1","route":"orders","upstream":"orders",)"
      R"("endpoint":"10.0.0.11:8080","request_id":"6f1d9a","user_agent":"curl/7.88.1"})"
      "\n");
}

TEST(AccessJson, leaves_out_what_is_not_known) {
  EXPECT_EQ(json(bare_record()),
            R"({"time":"1970-01-01T00:00:00.000Z","status":404,"protocol":"HTTP/1.1","duration_ms":0.000,)"
            R"("bytes_in":0,"bytes_out":0,"attempts":0})"
            "\n");
}

TEST(AccessJson, says_why_the_gateway_answered) {
  AccessRecord record = bare_record();
  record.reason = http::Reason{1};
  EXPECT_EQ(nlohmann::json::parse(json(record))["reason"], std::string(http::name(http::Reason{1})));
}

TEST(AccessJson, says_how_a_grpc_call_ended) {
  AccessRecord record = bare_record();
  record.grpc_status = http::GrpcStatus::unavailable;
  EXPECT_EQ(nlohmann::json::parse(json(record))["grpc_status"], 14);
  record.grpc_status = http::GrpcStatus::ok;
  EXPECT_EQ(nlohmann::json::parse(json(record))["grpc_status"], 0);
}

TEST(AccessJson, says_how_the_connection_was_encrypted) {
  AccessRecord record = bare_record();
  record.tls_version = "TLSv1.3";
  record.tls_cipher = "TLS_AES_128_GCM_SHA256";
  record.tls_server_name = "api.example.com";
  auto line = nlohmann::json::parse(json(record));
  EXPECT_EQ(line["tls_version"], "TLSv1.3");
  EXPECT_EQ(line["tls_cipher"], "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(line["tls_server_name"], "api.example.com");
  EXPECT_EQ(line["tls_resumed"], false);
  record.tls_resumed = true;
  EXPECT_EQ(nlohmann::json::parse(json(record))["tls_resumed"], true);
}

TEST(AccessJson, is_an_object_whatever_a_client_sends) {
  std::string every;
  for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
  AccessRecord record = usual_record();
  for (const AccessText& one : access_texts) record.*one.member = every;
  const std::string line = json(record);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto parsed = nlohmann::json::parse(line);
  for (const AccessText& one : access_texts) EXPECT_TRUE(parsed.contains(one.key)) << one.key;
}

TEST(AccessText, is_the_combined_format_and_more) {
  EXPECT_EQ(
      text(usual_record()),
      R"(203.0.113.7 - - [2026-01-02T12:04:05.067Z] "GET /orders/7?full=1 HTTP/1.1" 200 1234 "-" "curl/7.88.1" )"
      "12.345 11.000 orders orders 10.0.0.11:8080 1 - 6f1d9a -\n");
}

TEST(AccessText, ends_with_the_status_of_a_grpc_call) {
  AccessRecord record = usual_record();
  record.grpc_status = http::GrpcStatus::deadline_exceeded;
  EXPECT_TRUE(text(record).ends_with(" 6f1d9a 4\n")) << text(record);
}

TEST(AccessText, has_a_dash_for_nothing) {
  EXPECT_EQ(text(bare_record()),
            "- - - [1970-01-01T00:00:00.000Z] \"  HTTP/1.1\" 404 0 \"-\" \"-\" 0.000 - - - - 0 - - -\n");
}

TEST(AccessText, cannot_be_forged_by_a_client) {
  AccessRecord record = usual_record();
  record.path = "/\n127.0.0.1 - admin";
  record.user_agent = "x\" 200 1 \"\x1b[2J";
  record.consumer = "a b";
  EXPECT_EQ(
      text(record),
      R"(203.0.113.7 - a\x20b [2026-01-02T12:04:05.067Z] "GET /\x0a127.0.0.1 - admin?full=1 HTTP/1.1" 200 1234 )"
      R"("-" "x\" 200 1 \"\x1b[2J" 12.345 11.000 orders orders 10.0.0.11:8080 1 - 6f1d9a -)"
      "\n");
}

}  // namespace
}  // namespace sluice::telemetry
