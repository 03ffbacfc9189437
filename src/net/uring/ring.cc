#include "net/uring/ring.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sluice::net {
namespace {

std::uint64_t key_of(Tag tag, void* target) noexcept {
  return reinterpret_cast<std::uint64_t>(target) | static_cast<std::uint64_t>(tag);
}

}  // namespace

Ring::Ring(Kernel& kernel, unsigned entries, unsigned completions) : kernel_(kernel) {
  auto params = loop_ring_params(completions);
  if (int error = -kernel_.open(ring_, entries, params)) {
    throw std::system_error(error, std::system_category(), "io_uring_setup");
  }
}

Ring::~Ring() {
  close_what_was_not_submitted();
  // The registration of the descriptor belongs to the ring's own thread and ended with it.
  if (thread_ != std::this_thread::get_id()) ring_.int_flags = 0;
  kernel_.close(ring_);
}

io_uring_sqe& Ring::prepare(Tag tag, void* target) noexcept {
  auto& entry = next();
  entry.user_data = key_of(tag, target);
  ++in_flight_;
  return entry;
}

void Ring::cancel(Tag tag, void* target) noexcept { prepare_quiet_cancel(key_of(tag, target), 0); }

void Ring::cancel_all() noexcept {
  prepare_quiet_cancel(0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
}

void Ring::prepare_quiet_cancel(std::uint64_t key, int flags) noexcept {
  auto& entry = next();
  entry.user_data = 0;
  io_uring_prep_cancel64(&entry, key, flags);
  entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void Ring::close(int descriptor) noexcept {
  auto& entry = next();
  entry.user_data = 0;
  io_uring_prep_close(&entry, descriptor);
  entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

bool Ring::enter(Duration timeout) noexcept {
  if (!belongs_here()) return false;
  unspill();
  // What the calls may say (interrupted, time is up, queue full for now) the next one settles.
  if (timeout == Duration::zero() || !spilled_.empty()) {
    kernel_.submit_and_peek(ring_);
  } else if (timeout == Duration::max()) {
    kernel_.submit_and_wait(ring_, nullptr);
  } else {
    auto nanoseconds = timeout.count();
    __kernel_timespec limit{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    kernel_.submit_and_wait(ring_, &limit);
  }
  return true;
}

// After an entry was spilled all later ones follow it, so that they keep their order.
io_uring_sqe& Ring::next() noexcept {
  auto* entry = spilled_.empty() ? next_in_queue() : nullptr;
  return entry ? *entry : spilled_.emplace_back();
}

io_uring_sqe* Ring::next_in_queue() noexcept {
  if (auto* entry = io_uring_get_sqe(&ring_)) return entry;
  if (!enabled_) return nullptr;
  kernel_.submit(ring_);
  return io_uring_get_sqe(&ring_);
}

void Ring::unspill() noexcept {
  while (!spilled_.empty()) {
    auto* entry = next_in_queue();
    if (!entry) return;
    *entry = spilled_.front();
    spilled_.pop_front();
  }
}

// The first to ask has it from then on: SINGLE_ISSUER holds the ring to one thread.
bool Ring::belongs_here() noexcept {
  if (!enabled_) {
    if (kernel_.enable(ring_) != 0) return false;
    thread_ = std::this_thread::get_id();
    enabled_ = true;
  }
  return thread_ == std::this_thread::get_id();
}

// A ring whose thread is gone takes no more entries; descriptors would leak with it.
void Ring::close_what_was_not_submitted() noexcept {
  for (unsigned at = ring_.sq.sqe_head; at != ring_.sq.sqe_tail; ++at) {
    spilled_.push_back(ring_.sq.sqes[at & ring_.sq.ring_mask]);
  }
  for (auto& entry : spilled_) {
    if (entry.opcode == IORING_OP_CLOSE) ::close(entry.fd);
  }
}

}  // namespace sluice::net
