#include "net/uring/buffer_ring.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <system_error>

#include "base/poison.h"

namespace sluice::net {
namespace {

constexpr unsigned kMostEntries = 32768;  // of a provided-buffer ring (io_uring_register_buf_ring(3))

void* reserve(std::size_t size) {
  void* memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::system_category(), "mmap");
  return memory;
}

}  // namespace

BufferRing::BufferRing(Kernel& kernel, io_uring& ring, unsigned buffer_size, std::size_t max_memory)
    : buffer_size_(buffer_size),
      capacity_(static_cast<unsigned>(std::clamp<std::size_t>(max_memory / buffer_size, 1, kMostEntries))),
      entries_(std::bit_ceil(capacity_)) {
  memory_ = static_cast<char*>(reserve(std::size_t{capacity_} * buffer_size_));
  ring_ = static_cast<io_uring_buf_ring*>(reserve(entries_ * sizeof(io_uring_buf)));
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uint64_t>(ring_);
  registration.ring_entries = entries_;
  registration.bgid = kGroup;
  if (int error = -kernel.register_buffers(ring, registration)) {
    throw std::system_error(error, std::system_category(), "io_uring_register_buf_ring");
  }
  io_uring_buf_ring_init(ring_);
  bring_into_use(kInitial);
}

BufferRing::~BufferRing() {
  unpoison(memory_, std::size_t{capacity_} * buffer_size_);
  ::munmap(memory_, std::size_t{capacity_} * buffer_size_);
  ::munmap(ring_, entries_ * sizeof(io_uring_buf));
}

Chunk BufferRing::lease(unsigned completion_flags, unsigned size) noexcept {
  auto id = completion_flags >> IORING_CQE_BUFFER_SHIFT;
  --available_;
  unpoison(at(id), size);
  return Chunk(*this, at(id), id, size);
}

void BufferRing::take_back(char* buffer, std::uint32_t id) noexcept { add(buffer, id); }

void BufferRing::publish() noexcept {
  if (unpublished_ == 0) return;
  io_uring_buf_ring_advance(ring_, static_cast<int>(unpublished_));
  available_ += unpublished_;
  unpublished_ = 0;
}

bool BufferRing::grow() noexcept {
  if (available_ + unpublished_ > 0) return true;
  if (circulating_ == capacity_) return false;
  bring_into_use(circulating_);
  return true;
}

void BufferRing::bring_into_use(unsigned count) noexcept {
  auto until = std::min(circulating_ + count, capacity_);
  while (circulating_ < until) {
    add(at(circulating_), circulating_);
    ++circulating_;
  }
}

void BufferRing::add(char* buffer, std::uint32_t id) noexcept {
  poison(buffer, buffer_size_);
  io_uring_buf_ring_add(ring_, buffer, buffer_size_, static_cast<unsigned short>(id),
                        io_uring_buf_ring_mask(entries_), static_cast<int>(unpublished_++));
}

}  // namespace sluice::net
