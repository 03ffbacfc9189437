// What grpc.health.v1.Health/Check asks and answers (grpc/doc: health-checking.md), in protobuf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::upstream {

inline constexpr std::string_view kGrpcHealthCheck = "/grpc.health.v1.Health/Check";

/// HealthCheckResponse.ServingStatus.
enum class ServingStatus : std::uint8_t { unknown, serving, not_serving, service_unknown };

/// A HealthCheckRequest for this service (empty: the whole server), as the message that is sent.
std::string grpc_health_request(std::string_view service);

/// Of a HealthCheckResponse, as the message that came; none where it is something else.
std::optional<ServingStatus> grpc_serving_status(std::string_view message) noexcept;

}  // namespace sluice::upstream
