#include "net/buffer_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cassert>

#include "base/poison.h"

namespace sluice::net {

BufferPool::BufferPool(const LoopOptions& options) {
  classes_[0].size = options.read_buffer;
  classes_[0].slab = 16;
  classes_[0].limit = std::max<std::size_t>(1, options.max_read_memory / options.read_buffer);
  classes_[1].size = options.bulk_buffer;
  classes_[1].slab = 1;
  classes_[1].limit = options.max_bulk_memory / options.bulk_buffer;
}

BufferPool::~BufferPool() {
  for (auto& cls : classes_) {
    assert(cls.leased == 0 && "a chunk outlived its loop");
    for (char* slab : cls.slabs) {
      unpoison(slab, cls.size * cls.slab);
      munmap(slab, cls.size * cls.slab);
    }
  }
}

BufferLease BufferPool::lease(std::size_t expected) noexcept {
  std::uint32_t id = expected >= kBulkFrom && classes_[1].can_give() ? 1 : 0;
  for (;; id = 0) {
    auto& cls = classes_[id];
    if (cls.free.empty()) grow(cls);
    if (!cls.free.empty()) {
      char* data = cls.free.back();
      cls.free.pop_back();
      ++cls.leased;
      unpoison(data, cls.size);
      return {data, id, static_cast<std::uint32_t>(cls.size)};
    }
    if (id == 0) return {};
  }
}

void BufferPool::take_back(char* buffer, std::uint32_t id) noexcept {
  auto& cls = classes_[id];
  poison(buffer, cls.size);
  --cls.leased;
  cls.free.push_back(buffer);  // grow() has made room
}

void BufferPool::release_unused() noexcept {
  for (auto& cls : classes_) {
    for (char* buffer : cls.free) madvise(buffer, cls.size, MADV_DONTNEED);
  }
}

// Mapped rather than allocated: pages that were never used cost nothing.
void BufferPool::grow(Class& cls) noexcept {
  std::size_t count = std::min(cls.slab, cls.limit - cls.made);
  if (count == 0) return;
  std::size_t bytes = cls.size * cls.slab;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  auto* first = static_cast<char*>(memory);
  cls.slabs.push_back(first);
  cls.made += count;
  cls.free.reserve(cls.made);
  for (std::size_t i = count; i-- > 0;) cls.free.push_back(first + i * cls.size);
  poison(first, bytes);
}

}  // namespace sluice::net
