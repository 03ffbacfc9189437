#include "codec/patience.h"

#include <algorithm>

namespace sluice::codec {

void Patience::begin(net::Breakable& target, Terms terms) noexcept {
  clear();
  target_ = &target;
  terms_ = terms;
  renew();
}

void Patience::renew() noexcept {
  used_ = {};
  count_at_ = step();
  running_since_.reset();
}

void Patience::run(Expiry expiry) noexcept {
  if (terms_.least_rate == 0) renew();
  if (!running_since_) running_since_ = loop().now();
  set(*target_, *running_since_ + (count_at_ - used_), expiry);
}

void Patience::pause() noexcept {
  clear();
  use_up_to_now();
  running_since_.reset();
}

void Patience::use_up_to_now() noexcept {
  if (!running_since_) return;
  used_ += loop().now() - *running_since_;
  running_since_ = loop().now();
}

TimePoint Patience::postponed() noexcept {
  use_up_to_now();
  give_back();
  if (used_ >= terms_.allowance) return TimePoint::min();
  count_at_ = std::min(used_ + step(), terms_.allowance);
  return loop().now() + (count_at_ - used_);
}

bool Patience::shorten(Duration allowance) noexcept {
  if (!running_since_ || terms_.least_rate == 0) return false;
  use_up_to_now();
  const bool counted = counts_all();
  if (used_ < allowance) return false;
  give_back();
  if (used_ < allowance || !counted) return false;
  terms_.allowance = allowance;
  set(*target_, loop().now(), expiry());
  return true;
}

void Patience::give_back() noexcept {
  const auto moved = static_cast<double>(count_moved());
  const double used = std::chrono::duration<double>(used_).count();
  if (moved >= std::max(1.0, used * terms_.least_rate)) {
    used_ = {};
  } else if (moved > 0) {
    used_ -= std::chrono::duration_cast<Duration>(std::chrono::duration<double>(moved / terms_.least_rate));
  }
}

}  // namespace sluice::codec
