#include "telemetry/route_metrics.h"

namespace sluice::telemetry {
namespace {

std::uint8_t status_class(int status) noexcept {
  return status >= 100 && status < 600 ? static_cast<std::uint8_t>(status / 100) : 0;
}

}  // namespace

void RouteMetrics::record(const RequestSample& sample) {
  // Only this thread stores the pointer, so it needs no ordering to read it back.
  Traffic* traffic = traffic_.load(std::memory_order_relaxed);
  if (traffic == nullptr) traffic = &make_traffic();
  outcome(*traffic, sample).requests.add();
  if (sample.is_grpc) call_outcome(*traffic, sample.grpc_status).calls.add();
  traffic->duration.observe(sample.total);
  if (sample.upstream) traffic->upstream_duration.observe(*sample.upstream);
  traffic->request_bytes.add(sample.request_bytes);
  traffic->response_bytes.add(sample.response_bytes);
}

RouteMetrics::Traffic& RouteMetrics::make_traffic() {
  auto traffic = std::make_unique<Traffic>();
  Traffic& made = *traffic;
  traffic_.store(traffic.release(), std::memory_order_release);
  return made;
}

RouteMetrics::Outcome& RouteMetrics::outcome(Traffic& traffic, const RequestSample& sample) {
  const std::uint8_t status = status_class(sample.status);
  const auto hash =
      static_cast<unsigned>(sample.method) + 3u * status + 5u * static_cast<unsigned>(sample.reason);
  auto& chain = traffic.outcomes[hash % traffic.outcomes.size()];
  Outcome* known = chain.find([&](const Outcome& o) {
    return o.method == sample.method && o.status_class == status && o.reason == sample.reason;
  });
  return known != nullptr ? *known : chain.emplace(sample.method, status, sample.reason);
}

RouteMetrics::CallOutcome& RouteMetrics::call_outcome(Traffic& traffic,
                                                      std::optional<http::GrpcStatus> status) {
  CallOutcome* known = traffic.calls.find([&](const CallOutcome& o) { return o.status == status; });
  return known != nullptr ? *known : traffic.calls.emplace(status);
}

}  // namespace sluice::telemetry
