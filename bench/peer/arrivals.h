#pragma once

#include <cmath>
#include <random>

#include "clock.h"

namespace sluice::bench {

/// The moments at which requests are due at a given rate: independent of each other (a Poisson process), as
/// those of many users are, and the same ones in every run, so that proxies are given equal work.
class Arrivals {
 public:
  Arrivals(Time start, double rate) : next_(start), mean_(1e9 / rate) { advance(); }

  Time next() const { return next_; }

  void advance() { next_ += nanoseconds(static_cast<std::int64_t>(std::ceil(interval_(random_) * mean_))); }

 private:
  Time next_;
  double mean_;  ///< ns between two requests
  std::mt19937_64 random_{20231};
  std::exponential_distribution<double> interval_{1.0};
};

}  // namespace sluice::bench
