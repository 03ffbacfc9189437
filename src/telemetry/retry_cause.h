// Why an attempt at an upstream is followed by another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::telemetry {

/// What an attempt came to.
struct RetryCause {
  enum class Kind : std::uint8_t {
    connect_failure,   ///< No connection to the endpoint.
    stale_connection,  ///< An idle connection turned out to be closed.
    refused_stream,    ///< HTTP/2: the upstream says that it has not acted on the request.
    reset,             ///< The connection or the stream broke before the response head.
    timeout,           ///< No response head in time.
    status,            ///< A response with this status.
    grpc_status,       ///< A response without messages, with this grpc-status.
  };
  Kind kind = Kind::connect_failure;
  std::uint16_t code = 0;  ///< Of status and grpc_status.

  friend bool operator==(const RetryCause&, const RetryCause&) = default;
};

/// As metrics and the configuration have it: "reset", "503", "grpc_unavailable".
std::string name(const RetryCause& cause);

/// Why an attempt that the route would have tried again was not.
enum class RetryRefusal : std::uint8_t {
  attempts,  ///< They are used up.
  budget,    ///< Too many requests are retries already.
  body,      ///< More of the request's body has gone out than is kept.
  count_     ///< One more than the last; never recorded.
};
inline constexpr std::size_t retry_refusal_count = static_cast<std::size_t>(RetryRefusal::count_);

/// The label value.
std::string_view name(RetryRefusal refusal) noexcept;

}  // namespace sluice::telemetry
