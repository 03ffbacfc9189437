#include "proxy/split.h"

namespace sluice::proxy {

Split::Split(const std::vector<unsigned>& weights, std::size_t start) {
  for (const unsigned weight : weights) {
    shares_.push_back({.weight = static_cast<long>(weight)});
    total_ += static_cast<long>(weight);
  }
  if (total_ == 0) return;
  for (std::size_t i = start % static_cast<std::size_t>(total_); i > 0; --i) next();
}

std::size_t Split::next() noexcept {
  std::size_t best = 0;
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    shares_[i].current += shares_[i].weight;
    if (shares_[i].current > shares_[best].current) best = i;
  }
  if (!shares_.empty()) shares_[best].current -= total_;
  return best;
}

}  // namespace sluice::proxy
