// A submission and a completion queue with the kernel, and what is under way between them.
#pragma once

#include <cstdint>
#include <deque>
#include <thread>

#include "base/clock.h"
#include "net/uring/kernel.h"

namespace sluice::net {

/// What a completion is for; it travels in the low bits of the target's address.
enum class Tag : std::uint64_t { quiet, wake, receive, send, connect, nudge, accept, stopped };

struct Completion {
  Tag tag;
  void* target;
  int result;      ///< As the system call would return it, or a negative errno.
  unsigned flags;  ///< IORING_CQE_F_*
};

/// All operations run on the thread that first enters the kernel with it.
class Ring {
 public:
  /// Throws std::system_error when the kernel refuses.
  Ring(Kernel& kernel, unsigned entries, unsigned completions);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// An entry for one operation, to be filled in by an io_uring_prep_ function. Never fails: what
  /// does not fit waits here. `target` must live until the completion has come back.
  io_uring_sqe& prepare(Tag tag, void* target) noexcept;

  /// Asks for the operation to end early. Its completion still comes, with -ECANCELED or with what
  /// happened first.
  void cancel(Tag tag, void* target) noexcept;
  void cancel_all() noexcept;

  void close(int descriptor) noexcept;

  /// Queues an empty operation: its completion comes in the next turn.
  void nudge(Tag tag, void* target) noexcept { io_uring_prep_nop(&prepare(tag, target)); }

  /// Hands everything in and waits for a completion, at most `timeout` (zero: not at all; max: for
  /// as long as it takes). False when another thread has the ring.
  bool enter(Duration timeout) noexcept;

  /// Hands out, in order, the completions that have come. Each one's place is free again before it
  /// is handed out, so the handler may start operations as it likes; theirs wait for the next call.
  template <class Handler>
  void reap(Handler&& handler) {
    for (unsigned ready = io_uring_cq_ready(&ring_); ready != 0; --ready) {
      io_uring_cqe entry = ring_.cq.cqes[*ring_.cq.khead & ring_.cq.ring_mask];
      io_uring_cq_advance(&ring_, 1);
      if (entry.user_data == 0) continue;
      if (!(entry.flags & IORING_CQE_F_MORE)) --in_flight_;
      handler(Completion{Tag(entry.user_data & kTagBits),
                         reinterpret_cast<void*>(entry.user_data & ~kTagBits), entry.res, entry.flags});
    }
  }

  /// Nothing has completed that reap() has not handed out.
  bool all_handed_out() const noexcept {
    return io_uring_cq_ready(&ring_) == 0 && !io_uring_cq_has_overflow(&ring_);
  }

  /// Operations whose last completion has not come back.
  unsigned in_flight() const noexcept { return in_flight_; }

  io_uring& raw() noexcept { return ring_; }

 private:
  static constexpr std::uint64_t kTagBits = 7;

  io_uring_sqe& next() noexcept;
  io_uring_sqe* next_in_queue() noexcept;
  void prepare_quiet_cancel(std::uint64_t key, int flags) noexcept;
  bool belongs_here() noexcept;
  void unspill() noexcept;
  void close_what_was_not_submitted() noexcept;

  Kernel& kernel_;
  io_uring ring_{};
  std::deque<io_uring_sqe> spilled_;  // entries for which the queue had no room
  unsigned in_flight_ = 0;
  bool enabled_ = false;
  std::thread::id thread_;
};

}  // namespace sluice::net
