// How a refusal explains itself: problem+json (RFC 9457) and Proxy-Status (RFC 9209).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "http/reason.h"

namespace sluice::http {

inline constexpr std::string_view problem_content_type = "application/problem+json";

struct Problem {
  Reason reason = Reason::internal;
  std::string_view type_base = "urn:sluice:reason:";  ///< `type` is this and the reason's name.
  std::string_view detail = {};                       ///< Empty: the reason's own sentence.
  std::string_view request_id = {};                   ///< As `instance`; left out where empty.
};

/// Writes the JSON object, in one line with a line end, and returns its size; 0 where it does not fit.
/// The texts are escaped; bytes that are not UTF-8 become U+FFFD.
std::size_t write_problem(std::span<char> out, const Problem& problem) noexcept;

struct ProxyStatus {
  std::string_view proxy = "sluice";  ///< Name of this gateway.
  Reason reason = Reason::none;       ///< Where there is one: `error`, with its RFC 9209 type.
  std::string_view next_hop = {};     ///< Address of the endpoint; left out where empty.
  int received_status = 0;            ///< Status of the upstream's own response; left out where 0.
  std::string_view details = {};      ///< Empty: the reason's name.
};

/// Writes the value of a Proxy-Status field and returns its size; 0 where it does not fit.
std::size_t write_proxy_status(std::span<char> out, const ProxyStatus& status) noexcept;

}  // namespace sluice::http
