// The buffers that receives select from when their data comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/chunk.h"
#include "net/uring/kernel.h"

namespace sluice::net {

/// Memory for the most buffers that may ever be is reserved at once, but only as many are in use
/// as readers were found to need: few buffers, used again and again, stay in the processor's cache
/// and keep the process small.
///
///   id:  0 ........... wanted_ ................... capacity_
///        in use        unused, no memory behind; some may still be with the kernel or a reader
///                      after wanted_ has shrunk, and leave when they come back
class BufferRing final : public ChunkOwner {
 public:
  static constexpr unsigned kGroup = 0;

  /// Throws std::system_error when the kernel refuses.
  BufferRing(Kernel& kernel, io_uring& ring, unsigned buffer_size, std::size_t max_memory);
  ~BufferRing();
  BufferRing(const BufferRing&) = delete;
  BufferRing& operator=(const BufferRing&) = delete;

  unsigned buffer_size() const noexcept { return buffer_size_; }

  /// The lease on the buffer that a completion names.
  Chunk lease(unsigned completion_flags, unsigned size) noexcept;
  void take_back(char* buffer, std::uint32_t id) noexcept override;

  /// Shows the kernel the buffers that came back. Once a turn, before the ring is entered.
  void publish() noexcept;

  /// Called when a receive found no buffer. True when there is one now; false at the limit: then
  /// leases must end first.
  bool grow() noexcept;

  /// Called now and then while grown(): halves what is in use if no more was needed since the last
  /// call, and gives the memory back. Every completion must have been handed out.
  void shrink() noexcept;
  bool grown() const noexcept { return wanted_ > kInitial; }

  /// Buffers that the kernel may fill.
  unsigned available() const noexcept { return available_; }
  unsigned wanted() const noexcept { return wanted_; }

 private:
  static constexpr unsigned kInitial = 32;
  enum class Place : std::uint8_t { nowhere, with_kernel, leased };

  void provide(std::uint32_t id) noexcept;
  void want(unsigned count) noexcept;
  void give_memory_back(std::uint32_t from) noexcept;
  char* at(std::uint32_t id) noexcept { return memory_ + std::size_t{id} * buffer_size_; }

  unsigned buffer_size_;
  unsigned capacity_;
  unsigned entries_;
  char* memory_ = nullptr;
  io_uring_buf_ring* ring_ = nullptr;
  std::vector<Place> places_;
  unsigned wanted_ = 0;
  unsigned available_ = 0;
  unsigned fewest_available_ = 0;  // since shrink() was last called
  unsigned unpublished_ = 0;
};

}  // namespace sluice::net
