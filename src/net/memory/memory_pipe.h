// What lies between the two ends of a connection in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace sluice::net {

class MemoryTransport;

/// One direction: bytes in order, each piece with the time at which it arrives, then an end.
///
///   [ arrived | in flight: (bytes, at) (bytes, at) ... ] end (at)
class MemoryPipe {
 public:
  enum class End : unsigned char { open, fin, reset };

  std::size_t size() const noexcept { return bytes_.size() - begin_; }
  std::size_t arrived() const noexcept { return arrived_; }
  bool end_arrived() const noexcept { return end_ != End::open && end_arrived_; }
  End end() const noexcept { return end_; }

  void push(std::string_view bytes, TimePoint at) {
    last_ = std::max(last_, at);
    bytes_.append(bytes);
    in_flight_.push_back({bytes.size(), last_});
  }

  /// What comes after all bytes so far; the first end counts, but a reset replaces a FIN.
  void finish(End end) noexcept {
    if (end_ == End::open || end == End::reset) end_ = end;
  }

  /// Marks as arrived what has come by now.
  void arrive(TimePoint now) noexcept {
    auto late = in_flight_.begin();
    for (; late != in_flight_.end() && late->at <= now; ++late) arrived_ += late->bytes;
    in_flight_.erase(in_flight_.begin(), late);
    end_arrived_ = end_ != End::open && in_flight_.empty();
  }

  /// When arrive() has something to do next.
  TimePoint next() const noexcept { return in_flight_.empty() ? TimePoint::max() : in_flight_.front().at; }

  /// Copies out up to `size` arrived bytes.
  std::size_t pop(char* to, std::size_t size) noexcept {
    std::size_t count = bytes_.copy(to, std::min(size, arrived_), begin_);
    begin_ += count;
    arrived_ -= count;
    if (begin_ == bytes_.size()) {
      bytes_.clear();
      begin_ = 0;
    } else if (begin_ > 64 * 1024) {
      bytes_.erase(0, begin_);
      begin_ = 0;
    }
    return count;
  }

 private:
  struct Piece {
    std::size_t bytes;
    TimePoint at;
  };
  std::string bytes_;
  std::size_t begin_ = 0;
  std::size_t arrived_ = 0;
  std::vector<Piece> in_flight_;  // few: a vector keeps its storage, so that a warm pipe allocates nothing
  TimePoint last_{};
  End end_ = End::open;
  bool end_arrived_ = false;
};

/// A connection: owned by its two ends, or by the acceptor's queue in place of the second.
struct MemoryLink {
  MemoryPipe pipes[2];            // [0]: from the end that connected
  MemoryTransport* ends[2] = {};  // null before accept() and after destruction
  bool closed[2] = {};            // that end is gone: nobody reads what is sent to it
  bool dead = false;              // nothing arrives any more, in either direction
};

}  // namespace sluice::net
