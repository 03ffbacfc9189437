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
  void add(std::size_t index) noexcept {
    items_[count_++ % items_.size()] = static_cast<std::uint32_t>(index);
  }
  bool contains(std::size_t index) const noexcept {
    for (std::size_t i = 0; i < count_ && i < items_.size(); ++i)
      if (items_[i] == index) return true;
    return false;
  }
  bool empty() const noexcept { return count_ == 0; }
  void clear() noexcept { count_ = 0; }

 private:
  std::array<std::uint32_t, 8> items_{};
  std::size_t count_ = 0;
};

/// What a choice may depend on.
struct PickContext {
  Rng& rng;
  const TriedSet* tried = nullptr;  ///< Null: none.
  std::uint64_t hash = 0;           ///< For balancers that map keys to endpoints.

  bool was_tried(std::size_t index) const noexcept { return tried && tried->contains(index); }
};

/// An endpoint that may be picked: resolved, and not known to be unhealthy.
struct Candidate {
  std::uint32_t index = 0;  ///< In the upstream.
  std::uint32_t weight = 1;
  const SharedEndpoint* endpoint = nullptr;
};

/// The candidates of one worker at this moment, in order of index.
struct EndpointView {
  std::span<const Candidate> candidates;
  std::uint64_t total_weight = 0;
  bool equal_weights = true;
};

/// One a worker and upstream. pick() never allocates.
class Balancer {
 public:
  virtual ~Balancer() = default;

  /// The index (in the upstream) of a candidate that was not tried yet; nothing where there is none.
  virtual std::optional<std::size_t> pick(const EndpointView& view, PickContext& context) noexcept = 0;
};

/// `size`: how many endpoints the upstream has. `first` sets workers apart: where turns begin.
std::unique_ptr<Balancer> make_balancer(Balance kind, std::size_t size, std::uint64_t first = 0);

/// A candidate by weight among those not tried and not `except` (an index), or null.
const Candidate* draw(const EndpointView& view, PickContext& context,
                      std::optional<std::size_t> except = std::nullopt) noexcept;

}  // namespace sluice::upstream
