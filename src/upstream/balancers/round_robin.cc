#include "upstream/balancers/round_robin.h"

namespace sluice::upstream {

std::optional<EndpointId> RoundRobin::pick(const EndpointView& view, PickContext& context) noexcept {
  return view.equal_weights ? pick_equal(view, context) : pick_weighted(view, context);
}

std::optional<EndpointId> RoundRobin::pick_equal(const EndpointView& view,
                                                 const PickContext& context) noexcept {
  for (std::size_t n = 0; n < view.candidates.size(); ++n) {
    const auto id = view.candidates[next_++ % view.candidates.size()].id;
    if (!context.was_tried(id)) return id;
  }
  return std::nullopt;
}

// One that took the place of another begins anew.
RoundRobin::Turn& RoundRobin::turn_of(EndpointId id) noexcept {
  auto& turn = turns_[place_of(id)];
  if (turn.id != id) turn = {id, 0};
  return turn;
}

std::optional<EndpointId> RoundRobin::pick_weighted(const EndpointView& view,
                                                    const PickContext& context) noexcept {
  Turn* best = nullptr;
  std::int64_t sum = 0;
  for (const auto& candidate : view.candidates) {
    if (context.was_tried(candidate.id)) continue;
    auto& turn = turn_of(candidate.id);
    turn.current += candidate.weight;
    sum += candidate.weight;
    if (!best || turn.current > best->current) best = &turn;
  }
  if (!best) return std::nullopt;
  best->current -= sum;
  return best->id;
}

}  // namespace sluice::upstream
