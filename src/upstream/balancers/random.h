// Any endpoint, by weight.
#pragma once

#include "upstream/balancer.h"

namespace sluice::upstream {

class Random final : public Balancer {
 public:
  std::optional<EndpointId> pick(const EndpointView& view, PickContext& context) noexcept override;
};

}  // namespace sluice::upstream
