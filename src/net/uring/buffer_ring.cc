#include "net/uring/buffer_ring.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <system_error>
#include <utility>

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
      entries_(std::bit_ceil(capacity_)),
      places_(capacity_, Place::nowhere) {
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
  want(kInitial);
}

BufferRing::~BufferRing() {
  unpoison(memory_, std::size_t{capacity_} * buffer_size_);
  ::munmap(memory_, std::size_t{capacity_} * buffer_size_);
  ::munmap(ring_, entries_ * sizeof(io_uring_buf));
}

Chunk BufferRing::lease(unsigned completion_flags, unsigned size) noexcept {
  auto id = completion_flags >> IORING_CQE_BUFFER_SHIFT;
  places_[id] = Place::leased;
  fewest_available_ = std::min(fewest_available_, --available_);
  unpoison(at(id), size);
  return Chunk(*this, at(id), id, size);
}

void BufferRing::take_back(char*, std::uint32_t id) noexcept {
  if (id < wanted_) return provide(id);
  places_[id] = Place::nowhere;
  poison(at(id), buffer_size_);
  ::madvise(at(id), buffer_size_, MADV_DONTNEED);
}

void BufferRing::publish() noexcept {
  if (unpublished_ == 0) return;
  io_uring_buf_ring_advance(ring_, static_cast<int>(unpublished_));
  available_ += unpublished_;
  unpublished_ = 0;
}

bool BufferRing::grow() noexcept {
  while (available_ + unpublished_ == 0 && wanted_ < capacity_) want(2 * wanted_);
  return available_ + unpublished_ != 0;
}

void BufferRing::shrink() noexcept {
  auto fewest = std::exchange(fewest_available_, available_);
  if (!grown() || fewest < wanted_ / 2) return;
  wanted_ = std::max(wanted_ / 2, kInitial);
  give_memory_back(wanted_);
}

// What is with the kernel holds nothing that anyone will read: it may lose its memory too.
void BufferRing::give_memory_back(std::uint32_t from) noexcept {
  auto is_leased = [](Place place) { return place == Place::leased; };
  auto end = places_.end();
  for (auto first = places_.begin() + from; first != end;) {
    auto last = std::find_if(first, end, is_leased);
    auto id = static_cast<std::uint32_t>(first - places_.begin());
    if (first != last)
      ::madvise(at(id), static_cast<std::size_t>(last - first) * buffer_size_, MADV_DONTNEED);
    first = std::find_if_not(last, end, is_leased);
  }
}

// Those that did not leave since more were last wanted are there already.
void BufferRing::want(unsigned count) noexcept {
  auto from = wanted_;
  wanted_ = std::min(count, capacity_);
  for (auto id = from; id < wanted_; ++id) {
    if (places_[id] == Place::nowhere) provide(id);
  }
}

void BufferRing::provide(std::uint32_t id) noexcept {
  places_[id] = Place::with_kernel;
  poison(at(id), buffer_size_);
  io_uring_buf_ring_add(ring_, at(id), buffer_size_, static_cast<unsigned short>(id),
                        io_uring_buf_ring_mask(entries_), static_cast<int>(unpublished_++));
}

}  // namespace sluice::net
