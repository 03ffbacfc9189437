#include "http/reason.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "http/structured_fields.h"

namespace sluice::http {
namespace {

// Names and statuses are seen by logs, dashboards and clients: a line may be added here, none changed.
const std::vector<std::pair<std::string, int>>& golden() {
  static const std::vector<std::pair<std::string, int>> list = {
      {"malformed_head", 400},
      {"invalid_method", 400},
      {"invalid_target", 400},
      {"invalid_host", 400},
      {"ambiguous_framing", 400},
      {"invalid_content_length", 400},
      {"invalid_chunk", 400},
      {"forbidden_trailer", 400},
      {"truncated_body", 400},
      {"invalid_upgrade", 400},
      {"unexpected_content", 400},
      {"invalid_max_forwards", 400},
      {"request_timeout", 408},
      {"body_too_slow", 408},
      {"body_too_large", 413},
      {"uri_too_long", 414},
      {"expectation_failed", 417},
      {"misdirected", 421},
      {"header_fields_too_large", 431},
      {"unsupported_transfer_coding", 501},
      {"unsupported_version", 505},
      {"malformed_content", 400},
      {"invalid_grpc_timeout", 400},
      {"unauthorized", 401},
      {"forbidden", 403},
      {"no_route", 404},
      {"method_not_allowed", 405},
      {"upgrade_refused", 403},
      {"rate_limited", 429},
      {"loop_detected", 508},
      {"max_forwards_reached", 400},
      {"only_if_cached", 504},
      {"upstream_connect_refused", 502},
      {"upstream_connect_timeout", 504},
      {"upstream_connect_failed", 502},
      {"upstream_unresolved", 502},
      {"upstream_unresolved_timeout", 504},
      {"upstream_tls_failed", 502},
      {"upstream_certificate_invalid", 502},
      {"upstream_no_h2", 502},
      {"upstream_reset", 502},
      {"upstream_closed_early", 502},
      {"upstream_malformed", 502},
      {"upstream_ambiguous_framing", 502},
      {"upstream_invalid_chunk", 502},
      {"upstream_transfer_coding", 502},
      {"upstream_head_too_large", 502},
      {"upstream_body_too_large", 502},
      {"upstream_no_upgrade", 502},
      {"upstream_unexpected_upgrade", 502},
      {"upstream_too_many_interim", 502},
      {"upstream_timeout", 504},
      {"upstream_idle_timeout", 504},
      {"route_timeout", 504},
      {"total_timeout", 504},
      {"grpc_timeout", 504},
      {"no_healthy_endpoint", 503},
      {"upstream_pending_full", 503},
      {"pending_timeout", 503},
      {"circuit_open", 503},
      {"dependency_unavailable", 503},
      {"overloaded", 503},
      {"memory_pressure", 503},
      {"connection_limit", 503},
      {"no_descriptors", 503},
      {"draining", 503},
      {"internal", 500},
      {"misconfigured", 500},
      {"not_implemented", 501},
      {"client_closed", 499},
      {"drained", 503},
      {"client_too_slow", 499},
      {"tunnel_timeout", 504},
  };
  return list;
}

TEST(Reason, keeps_its_name_and_status) {
  ASSERT_EQ(reason_count, golden().size() + 1);
  for (const auto& [text, code] : golden()) {
    const auto reason = reason_of(text);
    ASSERT_TRUE(reason) << text;
    EXPECT_EQ(name(*reason), text);
    EXPECT_EQ(status(*reason), code) << text;
  }
}

TEST(Reason, has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < reason_count; ++i)
    EXPECT_TRUE(names.insert(name(static_cast<Reason>(i))).second);
}

TEST(Reason, explains_itself) {
  for (std::size_t i = 1; i < reason_count; ++i) {
    const ReasonInfo& reason = info(static_cast<Reason>(i));
    EXPECT_GE(reason.status, 400) << reason.name;
    EXPECT_LT(reason.status, 600) << reason.name;
    EXPECT_FALSE(reason.title.empty()) << reason.name;
    EXPECT_TRUE(reason.detail.ends_with('.')) << reason.name;
    EXPECT_TRUE(sf::is_token(reason.error_type)) << reason.name;
    EXPECT_FALSE(phrase(reason.status).empty()) << reason.name;
  }
}

TEST(Reason, uses_the_error_types_of_rfc_9209) {  // RFC 9209 2.3
  const std::set<std::string_view> registered = {"dns_timeout",
                                                 "dns_error",
                                                 "destination_not_found",
                                                 "destination_unavailable",
                                                 "destination_ip_prohibited",
                                                 "destination_ip_unroutable",
                                                 "connection_refused",
                                                 "connection_terminated",
                                                 "connection_timeout",
                                                 "connection_read_timeout",
                                                 "connection_write_timeout",
                                                 "connection_limit_reached",
                                                 "tls_protocol_error",
                                                 "tls_certificate_error",
                                                 "tls_alert_received",
                                                 "http_request_error",
                                                 "http_request_denied",
                                                 "http_response_incomplete",
                                                 "http_response_header_section_size",
                                                 "http_response_header_size",
                                                 "http_response_body_size",
                                                 "http_response_trailer_section_size",
                                                 "http_response_trailer_size",
                                                 "http_response_transfer_coding",
                                                 "http_response_content_coding",
                                                 "http_response_timeout",
                                                 "http_upgrade_failed",
                                                 "http_protocol_error",
                                                 "proxy_internal_response",
                                                 "proxy_internal_error",
                                                 "proxy_configuration_error",
                                                 "proxy_loop_detected"};
  for (std::size_t i = 1; i < reason_count; ++i) {
    EXPECT_TRUE(registered.contains(info(static_cast<Reason>(i)).error_type)) << name(static_cast<Reason>(i));
  }
}

TEST(Reason, that_is_none_says_nothing) {
  EXPECT_EQ(name(Reason::none), "none");
  EXPECT_EQ(status(Reason::none), 0);
  EXPECT_FALSE(Refusal{});
  EXPECT_EQ(reason_of("nonsense"), std::nullopt);
}

}  // namespace
}  // namespace sluice::http
