// Records that tests share.
#pragma once

#include "telemetry/access_record.h"

namespace sluice::telemetry {

inline AccessRecord usual_record() {
  using namespace std::chrono_literals;
  return {.time = WallTime(1767355445s + 67ms),  // 2026-01-02T12:04:05.067Z
          .duration = 12345678ns,
          .upstream_duration = 11ms,
          .bytes_in = 321,
          .bytes_out = 1234,
          .status = 200,
          .attempts = 1,
          .listener = "public",
          .client = "203.0.113.7",
          .peer = "10.0.0.1:51234",
          .method = "GET",
          .host = "api.example.com",
          .path = "/orders/7",
          .query = "full=1",
          .route = "orders",
          .upstream = "orders",
          .endpoint = "10.0.0.11:8080",
          .request_id = "6f1d9a",
          .user_agent = "curl/7.88.1",
          .referer = {}};
}

/// Nothing known but what has no empty form.
inline AccessRecord bare_record() { return {.status = 404, .reason = http::Reason::none}; }

}  // namespace sluice::telemetry
