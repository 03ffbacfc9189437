#include "upstream/balancer.h"

#include "upstream/balancers/least_request.h"
#include "upstream/balancers/random.h"
#include "upstream/balancers/round_robin.h"

namespace sluice::upstream {

std::unique_ptr<Balancer> make_balancer(Balance kind, std::uint64_t first) {
  switch (kind) {
    case Balance::random:
      return std::make_unique<Random>();
    case Balance::least_request:
      return std::make_unique<LeastRequest>();
    case Balance::round_robin:
      break;
  }
  return std::make_unique<RoundRobin>(first);
}

const Candidate* draw(const EndpointView& view, PickContext& context,
                      std::optional<EndpointId> except) noexcept {
  const auto excluded = [&](const Candidate& c) { return c.id == except || context.was_tried(c.id); };
  const bool all = !except && (!context.tried || context.tried->empty());
  std::uint64_t sum = view.total_weight;
  if (!all) {
    sum = 0;
    for (const auto& candidate : view.candidates) sum += excluded(candidate) ? 0 : candidate.weight;
  }
  if (sum == 0) return nullptr;
  std::uint64_t point = context.rng.below(static_cast<std::uint32_t>(sum));
  if (all && view.equal_weights) return &view.candidates[point / view.candidates.front().weight];
  for (const auto& candidate : view.candidates) {
    if (!all && excluded(candidate)) continue;
    if (point < candidate.weight) return &candidate;
    point -= candidate.weight;
  }
  return nullptr;
}

}  // namespace sluice::upstream
