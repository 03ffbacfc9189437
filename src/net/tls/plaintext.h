// What a write has yet to encrypt.
#pragma once

#include <cstddef>
#include <span>

#include "base/slice.h"

namespace sluice::net::tls {

/// A place in the slices of the caller of a write, which outlive the write and no more.
class Plaintext {
 public:
  Plaintext() = default;
  explicit Plaintext(std::span<const Slice> slices) noexcept : slices_(slices) {}

  /// In bytes.
  std::size_t size() const noexcept;

  /// The next bytes in one piece, at most size(): `most`, joined in `buffer` where no slice holds them all;
  /// fewer, of one slice, where the buffer is smaller than `most`.
  Slice take(std::size_t most, std::span<char> buffer) noexcept;

 private:
  Slice take_of_one(std::size_t most) noexcept;

  std::span<const Slice> slices_;
  std::size_t taken_of_first_ = 0;
};

}  // namespace sluice::net::tls
