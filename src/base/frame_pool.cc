#include "base/frame_pool.h"

#include <array>
#include <new>

namespace sluice {
namespace {

constexpr std::size_t kStep = 64;
constexpr std::size_t kLargest = 4096;

struct FreeFrame {
  FreeFrame* next;
};

struct FreeLists {
  std::array<FreeFrame*, kLargest / kStep + 1> heads{};
  ~FreeLists() { drop(); }
  void drop() noexcept {
    for (auto*& head : heads) {
      while (head) {
        auto* next = head->next;
        ::operator delete(head);
        head = next;
      }
    }
  }
};

thread_local FreeLists lists;

constexpr std::size_t bucket(std::size_t size) { return (size + kStep - 1) / kStep; }

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
  auto& head = lists.heads[bucket(size)];
  if (!head) return ::operator new(bucket(size) * kStep);
  auto* frame = head;
  head = frame->next;
  return frame;
}

void free_frame(void* frame, std::size_t size) noexcept {
  if (!kRecycle || size > kLargest) return ::operator delete(frame);
  auto& head = lists.heads[bucket(size)];
  head = ::new (frame) FreeFrame{head};
}

void drop_free_frames() noexcept { lists.drop(); }

}  // namespace sluice
