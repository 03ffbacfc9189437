// Of a UringTransport: reading, and telling a watcher.
#include "net/uring/uring_transport.h"

#include <cerrno>
#include <utility>

#include "net/uring/uring_loop.h"

namespace sluice::net {

bool UringTransport::start_read(ReadOp& op, std::size_t expected) noexcept {
  watcher_ = nullptr;
  if (has_news()) {
    op.result = take_news();
    return true;
  }
  reader_ = &op;
  if (receiving_ || linked()) return false;  // for a watch; in line it keeps its place
  if (op.pipe_at_most != 0) {
    await_readable();
  } else if (loop_.anyone_parked()) {
    loop_.park(*this);
  } else {
    receive(expected);
  }
  return false;
}

void UringTransport::watch(Watcher* watcher) noexcept {
  watcher_ = aborted_ ? nullptr : watcher;
  if (!watcher_) return;
  if (has_news()) return nudge();
  if (!receiving_ && !linked()) receive(0);
}

void UringTransport::cancel_read() noexcept {
  if (!reader_ || cancelling_) return;
  cancelling_ = true;
  if (receiving_) return loop_.ring().cancel(Tag::receive, this);
  unlink();
  nudge();
}

void UringTransport::receive(std::size_t expected) noexcept {
  receiving_ = true;
  auto& entry = loop_.ring().prepare(Tag::receive, this);
  if (expected >= BufferPool::kBulkFrom) kept_ = loop_.lease_bulk();
  receiving_bulk_ = kept_.data() != nullptr;
  if (receiving_bulk_) {
    io_uring_prep_recv(&entry, descriptor_, kept_.data(), loop_.bulk_size(), 0);
  } else {
    io_uring_prep_recv(&entry, descriptor_, nullptr, 0, 0);
    entry.flags |= IOSQE_BUFFER_SELECT;
    entry.buf_group = BufferRing::kGroup;
  }
  if (drained_) entry.ioprio |= IORING_RECVSEND_POLL_FIRST;
}

void UringTransport::receive_again() noexcept {
  if (reader_ || watcher_) receive(0);
}

void UringTransport::on_receive(int result, unsigned flags) noexcept {
  receiving_ = false;
  const bool polled = polling_;
  polling_ = false;
  if (polled && result >= 0) {
    const bool wanted = reader_ && !aborted_ && !cancelling_;
    const auto filled = wanted ? fill_pipe() : -ECANCELED;
    if (!filled) return;
    result = *filled;
  }
  keep(result, flags);
  if (retired_and_gone() || retired_) return;
  if (result < 0 && !aborted_) {
    bool out_of_buffers = result == -ENOBUFS;
    bool again = result == -EAGAIN || result == -EINTR;
    if (out_of_buffers && !cancelling_) return starve();
    if (again && !cancelling_) return receive(0);
    if (!out_of_buffers && !again && result != -ECANCELED) error_ = from_errno(-result);
  }
  tell();
}

// Takes over the buffer of a receive, or notes that the stream has ended.
void UringTransport::keep(int result, unsigned flags) noexcept {
  auto size = static_cast<unsigned>(result > 0 ? result : 0);
  if (receiving_bulk_) {
    receiving_bulk_ = false;
    kept_.truncate(size);
  } else if (flags & IORING_CQE_F_BUFFER) {
    kept_ = loop_.buffers().lease(flags, size);
  }
  if (size == 0 || aborted_ || retired_) kept_ = Chunk{};
  drained_ = !(flags & IORING_CQE_F_SOCK_NONEMPTY);
  if (result != 0 || aborted_) return;
  if (lost_) {
    error_ = from_errno(ECONNRESET);
  } else {
    ended_ = true;
  }
}

void UringTransport::starve() noexcept {
  drained_ = false;
  if (loop_.more_buffers()) {
    receive(0);
  } else {
    loop_.park(*this);
  }
}

bool UringTransport::has_news() const noexcept {
  return error_.fault != Fault::none || ended_ || (!receiving_bulk_ && !kept_.empty());
}

Result<Chunk> UringTransport::take_news() noexcept {
  if (error_.fault != Fault::none) return error_;
  return std::exchange(kept_, Chunk{});
}

// Whoever is told may destroy this transport: nothing may follow.
void UringTransport::tell() noexcept {
  if (reader_) {
    if (aborted_) return finish_read(error_);
    if (cancelling_ || !has_news()) return finish_read(Error{.fault = Fault::cancelled});
    return finish_read(take_news());
  }
  if (!watcher_) return;
  if (has_news()) {
    std::exchange(watcher_, nullptr)->on_activity();
  } else if (!receiving_) {
    receive(0);  // a read was cancelled and a watch came in its place
  }
}

void UringTransport::finish_read(Result<Chunk> result) noexcept {
  cancelling_ = false;
  auto* op = std::exchange(reader_, nullptr);
  op->result = std::move(result);
  op->waiter.resume();
}

}  // namespace sluice::net
