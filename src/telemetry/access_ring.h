// From one worker to the log's writer: a ring of bytes, one producer, one consumer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "telemetry/access_record.h"

namespace sluice::telemetry {

/// Records of varying size, each in one piece:
///
///     |  free  | head, texts | head, texts | ... | skip |        head --- numbers, length of each text
///              ^tail (consumer)                         ^head (producer)
///
/// A record that does not fit before the end leaves a skip mark there and begins at 0. Positions
/// only grow; modulo the capacity they are offsets. The producer publishes with a release store of
/// the head, the consumer gives room back with one of the tail.
class AccessRing {
 public:
  /// Bytes; a power of two of at least 16 KiB, so that the longest record fits several times.
  explicit AccessRing(std::size_t capacity);

  /// Producer: copies the record in. False where there is no room; nothing is kept then.
  bool push(const AccessRecord& record) noexcept;
  /// Producer: what is waiting is at least half of the ring.
  bool half_full() noexcept;

  /// Consumer: the oldest record; its texts point into the ring and live until pop(). False where
  /// there is none.
  bool front(AccessRecord& record) noexcept;
  /// Consumer: done with what front() gave.
  void pop() noexcept;

  /// Any thread: where the consumer is and where the producer was. What is before end() now has been
  /// read once begin() has reached it.
  std::uint64_t begin() const noexcept { return tail_.load(std::memory_order_acquire); }
  std::uint64_t end() const noexcept { return head_.load(std::memory_order_acquire); }

 private:
  struct Head;

  /// Room for so many bytes in one piece, or null; sets claimed_.
  std::byte* claim(std::size_t size) noexcept;

  std::size_t capacity_;
  std::unique_ptr<std::byte[]> bytes_;

  // Written by the producer.
  alignas(64) std::atomic<std::uint64_t> head_{0};  // Release: the bytes before it are whole.
  std::uint64_t claimed_ = 0;                       // The next head.
  std::uint64_t seen_tail_ = 0;                     // Saves reading the consumer's cache line.
  // Written by the consumer.
  alignas(64) std::atomic<std::uint64_t> tail_{0};  // Release: the bytes before it are free.
  std::uint64_t front_end_ = 0;                     // The next tail.
  std::uint64_t seen_head_ = 0;                     // Saves reading the producer's cache line.
};

}  // namespace sluice::telemetry
