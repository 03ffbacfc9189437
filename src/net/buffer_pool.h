// The read buffers of one loop: leased when data is there, so that an idle connection holds none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/chunk.h"
#include "net/loop.h"

namespace sluice::net {

/// A buffer that is being filled; chunk() or give_back() ends it. Null when there was none.
struct BufferLease {
  char* data = nullptr;
  std::uint32_t id = 0;
  std::uint32_t size = 0;
  explicit operator bool() const noexcept { return data != nullptr; }
};

/// Two sizes of buffers, each with a free list that gives out the one used last (it is warm) and a
/// cap. Memory is taken from the system when first needed. Free buffers are poisoned under
/// AddressSanitizer. Every lease must be back before the pool is destroyed.
class BufferPool final : public ChunkOwner {
 public:
  explicit BufferPool(const LoopOptions& options);
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// From 64 KiB expected a bulk buffer, where one is left; else an ordinary one. None at the cap:
  /// wait until available().
  BufferLease lease(std::size_t expected) noexcept;
  void give_back(const BufferLease& lease) noexcept { take_back(lease.data, lease.id); }

  /// The lease as what a read returns, with its first `size` bytes.
  Chunk chunk(const BufferLease& lease, std::size_t size) noexcept {
    return Chunk(*this, lease.data, lease.id, static_cast<std::uint32_t>(size));
  }

  /// lease() would give something.
  bool available() const noexcept { return classes_[0].can_give(); }

  void take_back(char* buffer, std::uint32_t id) noexcept override;

  /// Free buffers keep their place but not their memory.
  void release_unused() noexcept;

  std::size_t leased() const noexcept { return classes_[0].leased + classes_[1].leased; }

  static constexpr std::size_t kBulkFrom = 64 * 1024;

 private:
  struct Class {
    std::size_t size = 0;   // of a buffer
    std::size_t slab = 0;   // buffers taken from the system at once
    std::size_t limit = 0;  // buffers at most
    std::size_t made = 0;
    std::size_t leased = 0;
    std::vector<char*> free, slabs;
    bool can_give() const noexcept { return !free.empty() || made < limit; }
  };

  static void grow(Class& cls) noexcept;

  Class classes_[2];  // ordinary, bulk; a lease's id is its index here
};

}  // namespace sluice::net
