#include "codec/h2/recycled_memory.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "base/frame_pool.h"

namespace sluice::codec::h2 {
namespace {

// In front of each block, so that it can be given back by its size.
struct alignas(std::max_align_t) Header {
  std::size_t size;
};

Header* header_of(void* block) noexcept { return static_cast<Header*>(block) - 1; }

void* allocate(std::size_t size, void*) noexcept {
  if (size > SIZE_MAX - sizeof(Header)) return nullptr;
  try {
    return new (allocate_frame(sizeof(Header) + size)) Header{size} + 1;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void release(void* block, void*) noexcept {
  if (block == nullptr) return;
  auto* header = header_of(block);
  free_frame(header, sizeof(Header) + header->size);
}

void* allocate_zeroed(std::size_t count, std::size_t size, void*) noexcept {
  std::size_t whole = 0;
  if (__builtin_mul_overflow(count, size, &whole)) return nullptr;
  auto* block = allocate(whole, nullptr);
  return block == nullptr ? nullptr : std::memset(block, 0, whole);
}

void* reallocate(void* block, std::size_t size, void*) noexcept {
  auto* larger = allocate(size, nullptr);
  if (block == nullptr || larger == nullptr) return larger;
  std::memcpy(larger, block, std::min(size, header_of(block)->size));
  release(block, nullptr);
  return larger;
}

}  // namespace

nghttp2_mem& recycled_memory() noexcept {
  static nghttp2_mem memory{nullptr, &allocate, &release, &allocate_zeroed, &reallocate};
  return memory;
}

}  // namespace sluice::codec::h2
