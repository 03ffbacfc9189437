#pragma once

#include <array>
#include <cstdint>

#include "clock.h"

namespace sluice::bench {

/// Counts latencies in buckets that are at most 1/128 wide of what they hold, from 1 ns to 68 s; what is
/// longer falls in the last one. Constant memory, no allocation, about 2 ns to record.
///
///     bucket   0 … 255        one nanosecond each
///     bucket 256 …            for each power of two above, 128 buckets of equal width
class Histogram {
 public:
  void record(nanoseconds latency);

  /// The latency that `share` (0 to 1) of what was recorded did not exceed, to the bucket's upper edge; zero
  /// when nothing was recorded.
  nanoseconds quantile(double share) const;
  nanoseconds max() const { return max_; }
  std::uint64_t count() const { return count_; }

 private:
  static constexpr int kSubBits = 7;
  static constexpr int kTopBits = 36;
  static constexpr std::size_t kBuckets = std::size_t{kTopBits - kSubBits + 1} << kSubBits;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t upper_edge(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  nanoseconds max_{0};
};

}  // namespace sluice::bench
