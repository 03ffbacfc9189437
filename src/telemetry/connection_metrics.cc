#include "telemetry/connection_metrics.h"

namespace sluice::telemetry {

std::string_view name(ConnectionEnd end) noexcept {
  switch (end) {
    case ConnectionEnd::client_closed:
      return "client_closed";
    case ConnectionEnd::finished:
      return "finished";
    case ConnectionEnd::idle_timeout:
      return "idle_timeout";
    case ConnectionEnd::header_timeout:
      return "header_timeout";
    case ConnectionEnd::slow_body:
      return "slow_body";
    case ConnectionEnd::malformed:
      return "malformed";
    case ConnectionEnd::flooded:
      return "flooded";
    case ConnectionEnd::reset:
      return "reset";
    case ConnectionEnd::tls_failed:
      return "tls_failed";
    case ConnectionEnd::over_limit:
      return "over_limit";
    case ConnectionEnd::memory_pressure:
      return "memory_pressure";
    case ConnectionEnd::upstream_failed:
      return "upstream_failed";
    case ConnectionEnd::tunnel_ended:
      return "tunnel_ended";
    case ConnectionEnd::drained:
      return "drained";
    case ConnectionEnd::count_:
      break;
  }
  return "";
}

}  // namespace sluice::telemetry
