#include "net/tls/plaintext.h"

namespace sluice::net::tls {

std::size_t Plaintext::size() const noexcept {
  std::size_t all = 0;
  for (auto slice : slices_) all += slice.size();
  return all - taken_of_first_;
}

Slice Plaintext::take(std::size_t most, std::span<char> buffer) noexcept {
  Slice piece = take_of_one(most);
  if (piece.size() == most || most > buffer.size()) return piece;
  std::size_t joined = 0;
  for (; joined < most; piece = take_of_one(most - joined)) {
    joined += piece.copy(buffer.data() + joined, Slice::npos);
  }
  return {buffer.data(), joined};
}

// Up to `most` bytes of the first slice that has some.
Slice Plaintext::take_of_one(std::size_t most) noexcept {
  while (!slices_.empty() && taken_of_first_ == slices_.front().size()) {
    slices_ = slices_.subspan(1);
    taken_of_first_ = 0;
  }
  if (slices_.empty()) return {};
  auto piece = slices_.front().substr(taken_of_first_, most);
  taken_of_first_ += piece.size();
  return piece;
}

}  // namespace sluice::net::tls
