#include "codec/h1/client_patience.h"

#include <algorithm>

namespace sluice::codec::h1 {

void ClientPatience::begin(net::Transport& transport, Terms terms) noexcept {
  clear();
  transport_ = &transport;
  terms_ = terms;
  renew();
  received_ = reader_.bytes();
  delivered_.reset();
}

void ClientPatience::renew() noexcept {
  used_ = {};
  count_at_ = step();
  running_since_.reset();
}

void ClientPatience::run(Expiry expiry) noexcept {
  if (terms_.least_rate == 0) renew();
  if (!running_since_) running_since_ = loop().now();
  set(*transport_, *running_since_ + (count_at_ - used_), expiry);
}

void ClientPatience::pause() noexcept {
  clear();
  use_up_to_now();
  running_since_.reset();
}

void ClientPatience::use_up_to_now() noexcept {
  if (!running_since_) return;
  used_ += loop().now() - *running_since_;
  running_since_ = loop().now();
}

TimePoint ClientPatience::postponed() noexcept {
  use_up_to_now();
  give_back();
  if (used_ >= terms_.allowance) return TimePoint::min();
  count_at_ = std::min(used_ + step(), terms_.allowance);
  return loop().now() + (count_at_ - used_);
}

bool ClientPatience::shorten(Duration allowance) noexcept {
  if (!running_since_ || terms_.least_rate == 0) return false;
  use_up_to_now();
  const bool counted = delivered_.has_value();
  if (used_ < allowance) return false;
  give_back();
  if (used_ < allowance || !counted) return false;
  terms_.allowance = allowance;
  set(*transport_, loop().now(), expiry());
  return true;
}

void ClientPatience::give_back() noexcept {
  const auto moved = static_cast<double>(count_moved());
  const double used = std::chrono::duration<double>(used_).count();
  if (moved >= std::max(1.0, used * terms_.least_rate)) {
    used_ = {};
  } else if (moved > 0) {
    used_ -= std::chrono::duration_cast<Duration>(std::chrono::duration<double>(moved / terms_.least_rate));
  }
}

// Since the last count.
std::uint64_t ClientPatience::count_moved() noexcept {
  const auto received = reader_.bytes();
  const auto delivered = transport_->delivered().value_or(writer_.taken());
  const auto moved = received - received_ + (delivered_ ? delivered - *delivered_ : 0);
  received_ = received;
  delivered_ = delivered;
  return moved;
}

}  // namespace sluice::codec::h1
