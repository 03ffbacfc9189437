// A kernel that does nothing by itself: the test says what completes, when, how, in which order.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <string_view>
#include <vector>

#include "base/poison.h"
#include "net/uring/kernel.h"

namespace sluice::net {

class FakeKernel final : public Kernel {
 public:
  unsigned entries = 64;      ///< Of the submission queue.
  unsigned completions = 64;  ///< Of the completion queue; what does not fit comes with later calls.
  bool busy = false;          ///< Takes no entries.

  std::vector<io_uring_sqe> pending;     ///< Operations that were handed in and have not completed.
  std::vector<std::uint64_t> cancelled;  ///< Operations that were asked to end early.
  std::vector<int> closed;               ///< Descriptors.

  /// The n-th pending operation of this kind; null when there are fewer.
  const io_uring_sqe* find(int opcode, std::size_t n = 0) const {
    for (auto& entry : pending) {
      if (entry.opcode == opcode && n-- == 0) return &entry;
    }
    return nullptr;
  }

  std::size_t count(int opcode) const {
    return static_cast<std::size_t>(
        std::count_if(pending.begin(), pending.end(), [&](auto& entry) { return entry.opcode == opcode; }));
  }

  bool asked_to_cancel(const io_uring_sqe& entry) const {
    return std::count(cancelled.begin(), cancelled.end(), entry.user_data) != 0;
  }

  /// Completes an operation that find() gave.
  void complete(const io_uring_sqe* entry, int result, unsigned flags = 0) {
    coming_.push_back({entry->user_data, result, flags});
    if (flags & IORING_CQE_F_MORE) return;
    pending.erase(pending.begin() + (entry - pending.data()));
  }

  /// Completes a receive with these bytes, in a buffer of the ring or in the operation's own.
  void deliver(const io_uring_sqe* entry, std::string_view text) {
    if (!(entry->flags & IOSQE_BUFFER_SELECT)) {
      write(reinterpret_cast<char*>(entry->addr), text);
      return complete(entry, static_cast<int>(text.size()));
    }
    if (buffers_left() == 0) return complete(entry, -ENOBUFS);
    auto& buffer = buffers_->bufs[buffers_taken_++ & buffers_mask_];
    write(reinterpret_cast<char*>(buffer.addr), text);
    unsigned id = buffer.bid;
    complete(entry, static_cast<int>(text.size()), IORING_CQE_F_BUFFER | id << IORING_CQE_BUFFER_SHIFT);
  }

  unsigned buffers_left() const { return static_cast<unsigned short>(buffers_->tail - buffers_taken_); }

 private:
  int open(io_uring& ring, unsigned, io_uring_params&) noexcept override {
    sqes_.resize(entries);
    cqes_.resize(completions);
    ring.sq.khead = &sq_head_;
    ring.sq.ktail = &sq_tail_;
    ring.sq.sqes = sqes_.data();
    ring.sq.kflags = &sq_flags_;
    ring.sq.ring_entries = entries;
    ring.sq.ring_mask = entries - 1;
    ring.cq.khead = &cq_head_;
    ring.cq.ktail = &cq_tail_;
    ring.cq.cqes = cqes_.data();
    ring.cq.ring_entries = completions;
    ring.cq.ring_mask = completions - 1;
    return 0;
  }
  void close(io_uring&) noexcept override {}
  int enable(io_uring&) noexcept override { return 0; }
  int register_buffers(io_uring&, io_uring_buf_reg& registration) noexcept override {
    buffers_ = reinterpret_cast<io_uring_buf_ring*>(registration.ring_addr);
    buffers_mask_ = registration.ring_entries - 1;
    return 0;
  }
  int submit(io_uring& ring) noexcept override {
    if (busy) return -EBUSY;
    for (; ring.sq.sqe_head != ring.sq.sqe_tail; ++ring.sq.sqe_head)
      take(sqes_[ring.sq.sqe_head & ring.sq.ring_mask]);
    sq_head_ = ring.sq.sqe_head;
    return 0;
  }
  int submit_and_peek(io_uring& ring) noexcept override {
    int result = submit(ring);
    while (!coming_.empty() && cq_tail_ - cq_head_ < completions) {
      auto came = coming_.front();
      auto& entry = cqes_[cq_tail_++ & (completions - 1)];
      entry.user_data = came.user_data;
      entry.res = came.result;
      entry.flags = came.flags;
      coming_.pop_front();
    }
    return result;
  }
  int submit_and_wait(io_uring& ring, __kernel_timespec*) noexcept override { return submit_and_peek(ring); }

  void take(const io_uring_sqe& entry) {
    switch (entry.opcode) {
      case IORING_OP_NOP:
        coming_.push_back({entry.user_data, 0, 0});
        return;
      case IORING_OP_ASYNC_CANCEL:
        cancelled.push_back(entry.addr);
        if (entry.cancel_flags & IORING_ASYNC_CANCEL_ANY) cancel_all();
        return;
      case IORING_OP_CLOSE:
        closed.push_back(entry.fd);
        ::close(entry.fd);
        return;
      default:
        pending.push_back(entry);
    }
  }

  void cancel_all() {
    while (!pending.empty()) complete(&pending.front(), -ECANCELED);
  }

  static void write(char* to, std::string_view text) {
    unpoison(to, text.size());
    std::memcpy(to, text.data(), text.size());
  }

  struct Coming {
    std::uint64_t user_data;
    int result;
    unsigned flags;
  };

  std::vector<io_uring_sqe> sqes_;
  std::vector<io_uring_cqe> cqes_;
  unsigned sq_flags_ = 0, sq_head_ = 0, sq_tail_ = 0, cq_head_ = 0, cq_tail_ = 0;
  std::deque<Coming> coming_;
  io_uring_buf_ring* buffers_ = nullptr;
  unsigned buffers_mask_ = 0;
  unsigned short buffers_taken_ = 0;
};

}  // namespace sluice::net
