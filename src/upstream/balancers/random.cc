#include "upstream/balancers/random.h"

namespace sluice::upstream {

std::optional<std::size_t> Random::pick(const EndpointView& view, PickContext& context) noexcept {
  const auto* drawn = draw(view, context);
  return drawn ? std::optional<std::size_t>(drawn->index) : std::nullopt;
}

}  // namespace sluice::upstream
