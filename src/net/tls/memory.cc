#include "net/tls/memory.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <new>

#include <openssl/crypto.h>

#include "base/frame_pool.h"
#include "base/poison.h"

namespace sluice::net::tls {
namespace {

// Before each block, since OpenSSL gives back none of its sizes.
struct alignas(std::max_align_t) Header {
  std::size_t size;  // of header and block
};

// A record's buffer: RFC 8446 5.1 and 5.2, and what OpenSSL keeps beside it.
constexpr std::size_t kRecordFrom = 16 * 1024;
constexpr std::size_t kRecordBuffer = 18 * 1024;

constexpr bool is_record_buffer(std::size_t size) { return size > kRecordFrom && size <= kRecordBuffer; }

/// Free record buffers of one thread; few, since each is held for one call only.
class RecordBuffers {
 public:
  RecordBuffers() = default;
  RecordBuffers(const RecordBuffers&) = delete;
  RecordBuffers& operator=(const RecordBuffers&) = delete;
  ~RecordBuffers() {
    gone_ = true;
    while (count_ != 0) ::operator delete(take());
  }

  void* take() {
    if (count_ == 0) return ::operator new(kRecordBuffer);
    void* buffer = free_[--count_];
    unpoison(buffer, kRecordBuffer);
    return buffer;
  }

  void give_back(void* buffer) noexcept {
    if (gone_ || count_ == free_.size()) return ::operator delete(buffer);
    poison(buffer, kRecordBuffer);
    free_[count_++] = buffer;
  }

 private:
  std::array<void*, 8> free_{};
  std::size_t count_ = 0;
  bool gone_ = false;  // OpenSSL frees more at the end of a thread, and maybe after this
};

thread_local RecordBuffers record_buffers;

void* take(std::size_t size, const char*, int) try {
  const auto whole = size + sizeof(Header);
  void* memory = is_record_buffer(whole) ? record_buffers.take() : allocate_frame(whole);
  return ::new (memory) Header{whole} + 1;
} catch (const std::bad_alloc&) {
  return nullptr;
}

void give_back(void* block, const char*, int) {
  if (block == nullptr) return;
  auto* header = static_cast<Header*>(block) - 1;
  if (is_record_buffer(header->size)) return record_buffers.give_back(header);
  free_frame(header, header->size);
}

void* take_other(void* block, std::size_t size, const char* file, int line) {
  if (block == nullptr) return take(size, file, line);
  if (size == 0) {
    give_back(block, file, line);
    return nullptr;
  }
  void* other = take(size, file, line);
  if (other == nullptr) return nullptr;
  const auto held = (static_cast<Header*>(block) - 1)->size - sizeof(Header);
  std::memcpy(other, block, std::min(size, held));
  give_back(block, file, line);
  return other;
}

}  // namespace

void recycle_memory() noexcept { CRYPTO_set_mem_functions(take, take_other, give_back); }

}  // namespace sluice::net::tls
