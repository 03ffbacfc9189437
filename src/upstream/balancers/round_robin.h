// Each endpoint in turn; with weights, spread smoothly.
#pragma once

#include <cstdint>
#include <vector>

#include "upstream/balancer.h"

namespace sluice::upstream {

/// With equal weights a cursor. Else smooth weighted turns, as nginx has them: every pick raises each
/// candidate by its weight, takes the highest and lowers that by the sum. Weights 5, 1, 1 give a, a, b,
/// a, c, a, a.
class RoundRobin final : public Balancer {
 public:
  RoundRobin(std::size_t size, std::uint64_t first) : current_(size), next_(first) {}

  std::optional<std::size_t> pick(const EndpointView& view, PickContext& context) noexcept override;

 private:
  std::optional<std::size_t> pick_equal(const EndpointView& view, const PickContext& context) noexcept;
  std::optional<std::size_t> pick_weighted(const EndpointView& view, const PickContext& context) noexcept;

  std::vector<std::int64_t> current_;  // by index
  std::uint64_t next_;
};

}  // namespace sluice::upstream
