// Bump memory with the life of one exchange.
//
//   [ first block, inside the arena ] -> [ block, twice as large ] -> ...
//
// reset() forgets everything and keeps the blocks, so that a warm exchange allocates none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/poison.h"

namespace sluice {

/// `Inline` bytes come without an allocation. What is made here is never destroyed one by one, so
/// only trivially destructible types may be. Under AddressSanitizer memory that is not given out
/// is poisoned. Not for two threads.
template <std::size_t Inline>
class BasicArena {
 public:
  BasicArena() noexcept { restart(first_, Inline); }
  BasicArena(const BasicArena&) = delete;
  BasicArena& operator=(const BasicArena&) = delete;
  ~BasicArena() { unpoison(first_, Inline); }

  /// Uninitialised memory; never null, throws std::bad_alloc as operator new does.
  void* allocate(std::size_t size, std::size_t alignment = alignof(std::max_align_t)) {
    std::size_t skip = (alignment - reinterpret_cast<std::uintptr_t>(next_) % alignment) % alignment;
    if (skip + size > static_cast<std::size_t>(end_ - next_)) {
      grow(size + alignment);
      return allocate(size, alignment);
    }
    char* memory = next_ + skip;
    next_ = memory + size;
    unpoison(memory, size);
    return memory;
  }

  /// A copy that lives until reset().
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    auto* memory = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(memory, text.data(), text.size());
    return {memory, text.size()};
  }

  /// All parts after one another, as one text.
  template <class... Parts>
  std::string_view concat(const Parts&... parts) {
    std::size_t size = (std::string_view(parts).size() + ... + 0);
    if (size == 0) return {};
    auto* memory = static_cast<char*>(allocate(size, 1));
    char* to = memory;
    ((to += std::string_view(parts).copy(to, std::string_view::npos)), ...);
    return {memory, size};
  }

  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena destroys nothing");
    return ::new (allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }

  /// Value-initialised elements.
  template <class T>
  T* make_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena destroys nothing");
    auto* array = static_cast<T*>(allocate(sizeof(T) * count, alignof(T)));
    for (std::size_t i = 0; i < count; ++i) ::new (array + i) T();
    return array;
  }

  /// Everything given out is gone; blocks up to `keep` bytes in all are kept, larger ones freed.
  void reset(std::size_t keep = 64 * 1024) noexcept {
    std::size_t kept = 0, count = 0;
    while (count < blocks_.size() && kept + blocks_[count].size <= keep) kept += blocks_[count++].size;
    blocks_.resize(count);
    for (auto& block : blocks_) poison(block.memory.get(), block.size);
    used_ = 0;
    restart(first_, Inline);
  }

  /// Bytes of the blocks beyond the inline one.
  std::size_t heap_bytes() const noexcept {
    std::size_t bytes = 0;
    for (auto& block : blocks_) bytes += block.size;
    return bytes;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> memory;
    std::size_t size = 0;
    Block() = default;
    explicit Block(std::size_t bytes) : memory(new char[bytes]), size(bytes) { poison(memory.get(), size); }
    Block(Block&& other) noexcept : memory(std::move(other.memory)), size(other.size) {}
    Block& operator=(Block&& other) noexcept {
      std::swap(memory, other.memory);
      std::swap(size, other.size);
      return *this;
    }
    ~Block() {
      if (memory) unpoison(memory.get(), size);
    }
  };

  void restart(char* memory, std::size_t size) noexcept {
    next_ = memory;
    end_ = memory + size;
    poison(memory, size);
  }

  // Goes on in the next kept block that is large enough, or in a new one.
  void grow(std::size_t wanted) {
    for (; used_ < blocks_.size(); ++used_) {
      if (blocks_[used_].size < wanted) continue;
      auto& block = blocks_[used_++];
      return restart(block.memory.get(), block.size);
    }
    std::size_t size = blocks_.empty() ? 2 * Inline : 2 * blocks_.back().size;
    if (size < wanted) size = wanted;
    auto& block = blocks_.emplace_back(size);
    used_ = blocks_.size();
    restart(block.memory.get(), block.size);
  }

  char* next_;
  char* end_;
  std::size_t used_ = 0;  // blocks that are in use or passed over
  std::vector<Block> blocks_;
  alignas(std::max_align_t) char first_[Inline];
};

/// What an exchange has.
using Arena = BasicArena<2048>;

}  // namespace sluice
