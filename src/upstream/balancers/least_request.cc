#include "upstream/balancers/least_request.h"

namespace sluice::upstream {
namespace {

bool is_less_busy(const Candidate& a, const Candidate& b) {
  return std::uint64_t{a.endpoint->active()} * b.weight < std::uint64_t{b.endpoint->active()} * a.weight;
}

}  // namespace

std::optional<EndpointId> LeastRequest::pick(const EndpointView& view, PickContext& context) noexcept {
  const auto* first = draw(view, context);
  if (!first) return std::nullopt;
  const auto* second = draw(view, context, first->id);
  return second && is_less_busy(*second, *first) ? second->id : first->id;
}

}  // namespace sluice::upstream
