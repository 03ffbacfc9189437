// The less busy of two endpoints.
#pragma once

#include "upstream/balancer.h"

namespace sluice::upstream {

/// Power of two choices (Mitzenmacher, 2001): two different endpoints are drawn by weight, the one with
/// fewer requests under way for its weight is taken, of equals the first. So an idle upstream is used by
/// weight, and a slow endpoint gets less than its share.
class LeastRequest final : public Balancer {
 public:
  std::optional<EndpointId> pick(const EndpointView& view, PickContext& context) noexcept override;
};

}  // namespace sluice::upstream
