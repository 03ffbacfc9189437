// What a route says about trying again.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "conf/type.h"
#include "sluice/exchange.h"
#include "telemetry/retry_cause.h"

namespace sluice::proxy {

using telemetry::RetryCause;

/// connect_failure, reset, timeout, a status from 400 to 599, or a gRPC status as grpc_unavailable.
Parsed<RetryCause> parse_retry_cause(std::string_view text);

struct RetryConfig {
  unsigned attempts = 2;  ///< The first one included.
  std::vector<RetryCause> on{{RetryCause::Kind::connect_failure},
                             {RetryCause::Kind::reset},
                             {RetryCause::Kind::status, 502},
                             {RetryCause::Kind::status, 503},
                             {RetryCause::Kind::status, 504}};
  std::optional<Duration> per_try_timeout;
  bool non_idempotent = false;
  Bytes keep_body{std::uint64_t{64} * 1024};

  /// Whether an attempt that came to this is followed by another; how many there were does not matter here.
  /// What the upstream may have acted on is for idempotent methods only, but for a grpc-status: gRPC is
  /// POST, so naming one says that its calls may be sent again.
  bool covers(const RetryCause& cause, const Exchange& exchange) const noexcept;

  /// Whether this request may go again after an upstream has seen some of it.
  bool repeats(const Exchange& exchange) const noexcept;

  static const conf::ObjectSpec& spec();

 private:
  bool names(const RetryCause& cause) const noexcept;
  bool names(RetryCause::Kind kind) const noexcept;
};

/// What the response head comes to where it is a failure; nothing where it is none.
std::optional<RetryCause> failure_of(const Exchange& exchange) noexcept;

}  // namespace sluice::proxy

template <>
struct sluice::conf::Type<sluice::telemetry::RetryCause> {
  static const TypeSpec& spec();
};
