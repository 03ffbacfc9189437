// Typed state of a middleware inside each exchange, laid out once when a chain is built.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <vector>

namespace sluice {

/// Names one middleware's state in the exchanges of its chain.
template <class T>
class Slot {
 public:
  Slot() = default;
  explicit Slot(std::size_t offset) noexcept : offset_(offset) {}
  std::size_t offset() const noexcept { return offset_; }

 private:
  std::size_t offset_ = 0;
};

/// Collects what the middlewares of a chain need; the chain then makes and destroys the states of
/// each exchange in one block of its arena.
class SlotLayout {
 public:
  /// A T of its own in every exchange, default-constructed before the first hook and destroyed
  /// after the last.
  template <class T>
  Slot<T> add() {
    // The second half is for libstdc++, whose time_point does not say that it throws nothing.
    static_assert(std::is_nothrow_default_constructible_v<T> || std::is_trivially_copyable_v<T>);
    size_ = (size_ + alignof(T) - 1) / alignof(T) * alignof(T);
    Slot<T> slot(size_);
    entries_.push_back(
        {size_, [](void* at) { ::new (at) T(); }, [](void* at) { static_cast<T*>(at)->~T(); }});
    size_ += sizeof(T);
    return slot;
  }

  std::size_t size() const noexcept { return size_; }
  void construct(std::byte* block) const {
    for (const auto& entry : entries_) entry.construct(block + entry.offset);
  }
  void destroy(std::byte* block) const noexcept {
    for (const auto& entry : entries_) entry.destroy(block + entry.offset);
  }

 private:
  struct Entry {
    std::size_t offset;
    void (*construct)(void*);
    void (*destroy)(void*);
  };
  std::vector<Entry> entries_;
  std::size_t size_ = 0;
};

}  // namespace sluice
