#include "codec/h2/stream_patience.h"

#include <algorithm>
#include <limits>

#include "codec/h2/stream.h"

namespace sluice::codec::h2 {

void StreamPatience::begin(net::Breakable& target, Terms terms) noexcept {
  Patience::begin(target, terms);
  received_ = taken_ = 0;
  connection_taken_.reset();
}

std::uint64_t StreamPatience::count_moved() noexcept {
  if (stream_.may_not_be_sent()) return std::numeric_limits<std::uint64_t>::max();
  const auto received = stream_.received();
  const auto moved = received - received_ + count_taken();
  received_ = received;
  return moved;
}

std::uint64_t StreamPatience::count_taken() noexcept {
  const auto before = connection_taken_;
  connection_taken_ = stream_.connection().data_taken();
  if (!before) return 0;
  const auto of_all = *connection_taken_ - *before;
  const auto of_this = std::min(of_all, stream_.sent() - taken_);
  taken_ += of_this;
  return stream_.waits_for_its_turn() ? of_all : of_this;
}

}  // namespace sluice::codec::h2
