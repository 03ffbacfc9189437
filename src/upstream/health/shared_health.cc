#include "upstream/health/shared_health.h"

#include <fmt/format.h>

#include "base/units.h"

namespace sluice::upstream {

std::string_view name(HealthState state) noexcept {
  switch (state) {
    case HealthState::unknown:
      return "unknown";
    case HealthState::healthy:
      return "healthy";
    case HealthState::unhealthy:
      return "unhealthy";
  }
  return "unknown";
}

std::string Health::text() const {
  switch (reason) {
    case HealthReason::none:
      return "not checked yet";
    case HealthReason::passed:
      return "passed";
    case HealthReason::refused:
      return "connection refused";
    case HealthReason::unreachable:
      return "host unreachable";
    case HealthReason::reset:
      return "connection reset";
    case HealthReason::closed:
      return "connection closed before the response";
    case HealthReason::timed_out:
      return "timed out after " + sluice::format(Duration(std::chrono::milliseconds(detail)));
    case HealthReason::status:
      return fmt::format("status {}", detail);
    case HealthReason::malformed:
      return "malformed response";
    case HealthReason::unresolved:
      return "name not resolved";
    case HealthReason::tls:
      return "TLS handshake failed";
    case HealthReason::certificate:
      return "certificate not valid";
    case HealthReason::no_protocol:
      return "no agreement on HTTP/2";
    case HealthReason::grpc_status:
      return fmt::format("grpc-status {}", detail);
    case HealthReason::not_serving:
      return "not serving";
    case HealthReason::other:
      break;
  }
  return detail == 0 ? "failed" : fmt::format("failed with errno {}", detail);
}

std::uint64_t Health::pack() const noexcept {
  return std::uint64_t{since} << 32 | std::uint64_t{detail} << 16 |
         std::uint64_t{static_cast<std::uint8_t>(reason)} << 8 | static_cast<std::uint8_t>(state);
}

Health Health::unpack(std::uint64_t word) noexcept {
  return {static_cast<HealthState>(word & 0xff), static_cast<HealthReason>(word >> 8 & 0xff),
          static_cast<std::uint16_t>(word >> 16 & 0xffff), static_cast<std::uint32_t>(word >> 32)};
}

}  // namespace sluice::upstream
