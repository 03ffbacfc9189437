// The receiving side of an HTTP/1.1 connection: what was read and not yet used.
#pragma once

#include <cstddef>

#include "net/chunk.h"
#include "net/transport.h"

namespace sluice::codec::h1 {

/// Bytes leave from the front; a buffer is held only while it has bytes or a piece points into it.
class Input {
 public:
  explicit Input(net::Transport& transport) noexcept : transport_(transport) {}

  std::string_view view() const noexcept { return chunk_.view(); }
  bool empty() const noexcept { return chunk_.empty(); }
  net::Transport& transport() noexcept { return transport_; }

  /// Drops bytes from the front; the last one gives the buffer back.
  void consume(std::size_t bytes) noexcept {
    received_ += bytes;
    chunk_.consume(bytes);
    if (chunk_.empty()) chunk_ = {};
  }

  /// Replaces what is there, which must be used up.
  void refill(net::Chunk chunk) noexcept { chunk_ = std::move(chunk); }

  /// Bytes that were read past it count as received too.
  void count(std::size_t bytes) noexcept { received_ += bytes; }

  /// Bytes consumed since the last reset_count().
  std::uint64_t received() const noexcept { return received_; }
  void reset_count() noexcept { received_ = 0; }

 private:
  net::Transport& transport_;
  net::Chunk chunk_;
  std::uint64_t received_ = 0;
};

}  // namespace sluice::codec::h1
