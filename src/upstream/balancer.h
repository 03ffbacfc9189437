// Which endpoint gets the next request.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/rng.h"
#include "upstream/config.h"
#include "upstream/endpoint.h"

namespace sluice::upstream {

/// The endpoints that an exchange has tried already: the last eight of them.
class TriedSet {
 public:
  void add(EndpointId id) noexcept { items_[count_++ % items_.size()] = id; }
  bool contains(EndpointId id) const noexcept {
    for (std::size_t i = 0; i < count_ && i < items_.size(); ++i)
      if (items_[i] == id) return true;
    return false;
  }
  bool empty() const noexcept { return count_ == 0; }
  void clear() noexcept { count_ = 0; }

 private:
  std::array<EndpointId, 8> items_{};
  std::size_t count_ = 0;
};

/// What a choice may depend on.
struct PickContext {
  Rng& rng;
  const TriedSet* tried = nullptr;  ///< Null: none.
  std::uint64_t hash = 0;           ///< For balancers that map keys to endpoints.

  bool was_tried(EndpointId id) const noexcept { return tried && tried->contains(id); }
};

/// An endpoint that may be picked: resolved, not draining, and not known to be unhealthy.
struct Candidate {
  EndpointId id = 0;
  const SharedEndpoint* endpoint = nullptr;
  std::uint32_t weight = 1;
};

/// The candidates of one worker at this moment, in the order of the configuration.
struct EndpointView {
  std::span<const Candidate> candidates;
  std::uint64_t total_weight = 0;
  bool equal_weights = true;
};

/// One a worker and upstream. pick() never allocates.
class Balancer {
 public:
  virtual ~Balancer() = default;

  /// Every place_of() a candidate is below `places` from now on; before the first pick() with such a one.
  virtual void make_room(std::size_t places) { static_cast<void>(places); }

  /// A candidate that was not tried yet; nothing where there is none.
  virtual std::optional<EndpointId> pick(const EndpointView& view, PickContext& context) noexcept = 0;
};

/// `first` sets workers apart: where turns begin.
std::unique_ptr<Balancer> make_balancer(Balance kind, std::uint64_t first = 0);

/// A candidate by weight among those not tried and not `except`, or null.
const Candidate* draw(const EndpointView& view, PickContext& context,
                      std::optional<EndpointId> except = std::nullopt) noexcept;

}  // namespace sluice::upstream
