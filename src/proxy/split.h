// A weighted choice between upstreams, spread as evenly as weights allow.
#pragma once

#include <cstddef>
#include <vector>

namespace sluice::proxy {

/// Smooth weighted round robin (nginx's): of any `sum of weights` choices in a row, each share gets
/// exactly its weight, and never a run where an interleaving is possible. One a route and worker.
class Split {
 public:
  Split() = default;  ///< Of nothing: next() is 0.

  /// At least one weight is not 0; their sum is at most 2^31. `start` shifts the sequence, so that workers
  /// do not choose in step.
  explicit Split(const std::vector<unsigned>& weights, std::size_t start = 0);

  /// Index of the chosen share; one of weight 0 is never chosen.
  std::size_t next() noexcept;

 private:
  struct Share {
    long weight;
    long current = 0;  ///< Grows by the weight each turn; the winner pays the total.
  };
  std::vector<Share> shares_;
  long total_ = 0;
};

}  // namespace sluice::proxy
