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
///              ^tail (consumer)                  ^head (producer)
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
  bool half_full() const noexcept;

  /// Consumer: the oldest record; its texts point into the ring and live until pop(). False where
  /// there is none.
  bool front(AccessRecord& record) noexcept;
  /// Consumer: done with what front() gave.
  void pop() noexcept;

 private:
  struct Head;

  std::size_t capacity_;
  std::unique_ptr<std::byte[]> bytes_;

  alignas(64) std::atomic<std::uint64_t> head_{0};  // Release by the producer: the bytes before it are whole.
  std::uint64_t seen_tail_ = 0;                     // Producer's copy; saves reading the consumer's line.
  alignas(64) std::atomic<std::uint64_t> tail_{0};  // Release by the consumer: the bytes before it are free.
  std::uint64_t seen_head_ = 0;                     // Consumer's copy.
};

}  // namespace sluice::telemetry
