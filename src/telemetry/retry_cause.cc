#include "telemetry/retry_cause.h"

#include "http/grpc.h"

namespace sluice::telemetry {

std::string name(const RetryCause& cause) {
  using Kind = RetryCause::Kind;
  switch (cause.kind) {
    case Kind::connect_failure:
      return "connect_failure";
    case Kind::stale_connection:
      return "stale_connection";
    case Kind::refused_stream:
      return "refused_stream";
    case Kind::reset:
      return "reset";
    case Kind::timeout:
      return "timeout";
    case Kind::status:
      return std::to_string(cause.code);
    case Kind::grpc_status:
      return "grpc_" + std::string(http::name(static_cast<http::GrpcStatus>(cause.code)));
  }
  return {};
}

std::string_view name(RetryRefusal refusal) noexcept {
  switch (refusal) {
    case RetryRefusal::attempts:
      return "attempts";
    case RetryRefusal::budget:
      return "budget";
    case RetryRefusal::body:
      return "body";
    case RetryRefusal::count_:
      break;
  }
  return {};
}

}  // namespace sluice::telemetry
