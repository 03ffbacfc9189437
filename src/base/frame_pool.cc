#include "base/frame_pool.h"

#include <array>
#include <new>

namespace sluice {
namespace {

// Sizes are 8 above a multiple of 16, which is what the heap's blocks hold without waste.
constexpr std::size_t kStep = 16;
constexpr std::size_t kHeader = 8;
constexpr std::size_t kLargest = 4096;

constexpr std::size_t bucket(std::size_t size) { return (size + kHeader - 1) / kStep; }
constexpr std::size_t bucket_size(std::size_t bucket) { return bucket * kStep + kHeader; }

struct FreeFrame {
  FreeFrame* next;
};

// Trivial, so that reaching it asks no guard; what frees it at the end of the thread is beside it.
constinit thread_local std::array<FreeFrame*, bucket(kLargest) + 1> free_frames{};

struct DropAtThreadEnd {
  ~DropAtThreadEnd() { drop_free_frames(); }
};

// Out of line: what a frame costs that the lists do not have.
[[gnu::noinline]] void* new_frame(std::size_t size) {
  thread_local DropAtThreadEnd drop;
  static_cast<void>(&drop);  // names it, which is what makes it
  return ::operator new(size);
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kRecycle = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kRecycle = false;
#else
constexpr bool kRecycle = true;
#endif
#else
constexpr bool kRecycle = true;
#endif

}  // namespace

void* allocate_frame(std::size_t size) {
  if (!kRecycle || size > kLargest) return ::operator new(size);
  auto& head = free_frames[bucket(size)];
  if (!head) return new_frame(bucket_size(bucket(size)));
  auto* frame = head;
  head = frame->next;
  return frame;
}

void free_frame(void* frame, std::size_t size) noexcept {
  if (!kRecycle || size > kLargest) return ::operator delete(frame);
  auto& head = free_frames[bucket(size)];
  head = ::new (frame) FreeFrame{head};
}

void drop_free_frames() noexcept {
  for (auto*& head : free_frames) {
    while (head) {
      auto* next = head->next;
      ::operator delete(head);
      head = next;
    }
  }
}

}  // namespace sluice
