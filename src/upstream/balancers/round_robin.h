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
  explicit RoundRobin(std::uint64_t first) : next_(first) {}

  void make_room(std::size_t places) override {
    if (turns_.size() < places) turns_.resize(places);
  }
  std::optional<EndpointId> pick(const EndpointView& view, PickContext& context) noexcept override;

 private:
  // How near an endpoint is to its turn.
  struct Turn {
    EndpointId id = 0;
    std::int64_t current = 0;
  };

  std::optional<EndpointId> pick_equal(const EndpointView& view, const PickContext& context) noexcept;
  std::optional<EndpointId> pick_weighted(const EndpointView& view, const PickContext& context) noexcept;
  Turn& turn_of(EndpointId id) noexcept;

  std::vector<Turn> turns_;  // by place
  std::uint64_t next_;
};

}  // namespace sluice::upstream
