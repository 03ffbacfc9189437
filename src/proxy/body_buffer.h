// Pieces of a body, kept as one.
#pragma once

#include <cstddef>
#include <string>

#include "base/slice.h"
#include "sluice/body.h"

namespace sluice::proxy {

class BodyBuffer {
 public:
  void append(const BodyPiece& piece) {
    for (const auto slice : piece.slices) bytes_.append(slice);
  }

  /// All of it, until the next call.
  BodyPiece whole(bool last) noexcept {
    slice_ = bytes_;
    return {.slices = {&slice_, bytes_.empty() ? 0u : 1u}, .bytes = bytes_.size(), .last = last};
  }

  std::size_t size() const noexcept { return bytes_.size(); }
  bool empty() const noexcept { return bytes_.empty(); }

  /// Gives the memory back too.
  void release() noexcept { std::string().swap(bytes_); }

 private:
  std::string bytes_;
  Slice slice_;
};

}  // namespace sluice::proxy
