#include "upstream/balancers/round_robin.h"

namespace sluice::upstream {

std::optional<std::size_t> RoundRobin::pick(const EndpointView& view, PickContext& context) noexcept {
  return view.equal_weights ? pick_equal(view, context) : pick_weighted(view, context);
}

std::optional<std::size_t> RoundRobin::pick_equal(const EndpointView& view,
                                                  const PickContext& context) noexcept {
  for (std::size_t n = 0; n < view.candidates.size(); ++n) {
    const auto index = view.candidates[next_++ % view.candidates.size()].index;
    if (!context.was_tried(index)) return index;
  }
  return std::nullopt;
}

std::optional<std::size_t> RoundRobin::pick_weighted(const EndpointView& view,
                                                     const PickContext& context) noexcept {
  const Candidate* best = nullptr;
  std::int64_t sum = 0;
  for (const auto& candidate : view.candidates) {
    if (context.was_tried(candidate.index)) continue;
    auto& current = current_[candidate.index];
    current += candidate.weight;
    sum += candidate.weight;
    if (!best || current > current_[best->index]) best = &candidate;
  }
  if (!best) return std::nullopt;
  current_[best->index] -= sum;
  return best->index;
}

}  // namespace sluice::upstream
