#include "histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::bench {

void Histogram::record(nanoseconds latency) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  ++buckets_[bucket_of(value)];
  ++count_;
  max_ = std::max(max_, latency);
}

nanoseconds Histogram::quantile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets && count_ > 0; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(nanoseconds(upper_edge(i)), max_);
  }
  return max_;
}

std::size_t Histogram::bucket_of(std::uint64_t value) {
  const int shift = std::max(static_cast<int>(std::bit_width(value)) - (kSubBits + 1), 0);
  const std::size_t bucket = (static_cast<std::size_t>(shift) << kSubBits) + (value >> shift);
  return std::min(bucket, kBuckets - 1);
}

std::uint64_t Histogram::upper_edge(std::size_t bucket) {
  constexpr std::size_t exact = std::size_t{2} << kSubBits;
  if (bucket < exact) return bucket;
  const std::size_t shift = (bucket >> kSubBits) - 1;
  const std::size_t mantissa = bucket - (shift << kSubBits);
  return ((mantissa + 1) << shift) - 1;
}

}  // namespace sluice::bench
