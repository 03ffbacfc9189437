#include "upstream/balancers/random.h"

namespace sluice::upstream {

std::optional<EndpointId> Random::pick(const EndpointView& view, PickContext& context) noexcept {
  const auto* drawn = draw(view, context);
  return drawn ? std::optional<EndpointId>(drawn->id) : std::nullopt;
}

}  // namespace sluice::upstream
