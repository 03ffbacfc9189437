#include "net/uring/uring_transport.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/frame_pool.h"
#include "net/socket.h"
#include "net/uring/uring_loop.h"

namespace sluice::net {
namespace {

// Calls past the ring must not wait; within it O_NONBLOCK would mean something else.
class NonBlocking {
 public:
  explicit NonBlocking(int socket) noexcept : socket_(socket) { set(1); }
  ~NonBlocking() { set(0); }

 private:
  void set(int on) noexcept { ::ioctl(socket_, FIONBIO, &on); }
  int socket_;
};

bool worth_another_try(int result) noexcept { return result == -EAGAIN || result == -EINTR; }

}  // namespace

static_assert(sizeof(UringTransport) <= 128, "what an idle connection costs");

Result<std::unique_ptr<Transport>> UringTransport::connect(UringLoop& loop, const Address& to,
                                                           const ConnectOptions& options) {
  auto descriptor = open_socket(to, options, 0);  // a ring takes O_NONBLOCK for the wish not to wait at all
  if (!descriptor) return descriptor.error();
  auto* self = ::new (allocate_frame(sizeof(UringTransport))) UringTransport(loop, *descriptor);
  const Address& peer = self->peer_.set(to);  // the kernel reads it later
  self->connecting_ = true;
  self->drained_ = true;
  auto& entry = loop.ring().prepare(Tag::connect, self);
  io_uring_prep_connect(&entry, *descriptor, peer.raw(), peer.length());
  return std::unique_ptr<Transport>(self);
}

std::unique_ptr<Transport> UringTransport::accepted(UringLoop& loop, int descriptor) {
  auto* self = ::new (allocate_frame(sizeof(UringTransport))) UringTransport(loop, descriptor);
  return std::unique_ptr<Transport>(self);
}

UringTransport::~UringTransport() {
  loop_.close(descriptor_);
  if (send_) loop_.sends().give_back(*send_);
}

void UringTransport::retire() noexcept {
  retired_ = true;
  reader_ = nullptr;
  writer_ = nullptr;
  watcher_ = nullptr;
  unlink();
  if (!receiving_bulk_) kept_ = Chunk{};
  if (retired_and_gone()) return;
  loop_.remember_retired(*this);
  if (receiving_) loop_.ring().cancel(Tag::receive, this);
  if (sending_) loop_.ring().cancel(Tag::send, this);
  if (connecting_) loop_.ring().cancel(Tag::connect, this);
}

bool UringTransport::retired_and_gone() noexcept {
  if (!retired_ || in_flight()) return false;
  discard();
  return true;
}

void UringTransport::discard() noexcept {
  this->~UringTransport();
  free_frame(this, sizeof(UringTransport));
}

// --- reading

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

void UringTransport::await_readable() noexcept {
  receiving_ = true;
  polling_ = true;
  io_uring_prep_poll_add(&loop_.ring().prepare(Tag::receive, this), descriptor_, POLLIN | POLLRDHUP);
}

// The bytes have come. What a receive would have completed with; nothing where it is tried another way.
std::optional<int> UringTransport::fill_pipe() noexcept {
  Pipe* pipe = loop_.pipes().lease();
  if (!pipe) {
    receive(BufferPool::kBulkFrom);
    return std::nullopt;
  }
  NonBlocking socket(descriptor_);
  const auto result = static_cast<int>(pipe->fill(descriptor_, reader_->pipe_at_most));
  if (result > 0) {
    kept_ = loop_.pipes().chunk(*pipe);
    return result;
  }
  loop_.pipes().give_back(*pipe);
  if (result != -EAGAIN) return result;
  await_readable();
  return std::nullopt;
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
    bool again = worth_another_try(result);
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

// --- writing

bool UringTransport::start_write(WriteOp& op, std::span<const Slice> slices) noexcept {
  if (error_.fault != Fault::none) {
    op.result = error_;
    return true;
  }
  auto& send = loop_.sends().take();
  send.begin(slices);
  if (!send.done()) {
    if (ends_ && !op.pipe && !connecting_ && send_with_fin(send)) {
      loop_.sends().give_back(send);
      return true;
    }
    send_ = &send;
    writer_ = &op;
    if (!connecting_) this->send();
    return false;
  }
  loop_.sends().give_back(send);
  if (!op.pipe) return true;
  if (connecting_) {
    writer_ = &op;
    return false;
  }
  const int error = drain_pipe(*op.pipe);
  if (error == EAGAIN) {
    writer_ = &op;
    await_writable();
    return false;
  }
  if (error != 0) {
    note_lost(error);
    op.result = from_errno(error);
  }
  return true;
}

// 0 or an errno.
int UringTransport::drain_pipe(Pipe& pipe) noexcept {
  NonBlocking socket(descriptor_);
  return -pipe.drain(descriptor_);
}

void UringTransport::await_writable() noexcept {
  sending_ = true;
  draining_ = true;
  io_uring_prep_poll_add(&loop_.ring().prepare(Tag::send, this), descriptor_, POLLOUT);
}

void UringTransport::send() noexcept {
  sending_ = true;
  send_->prepare(loop_.ring().prepare(Tag::send, this), descriptor_);
}

void UringTransport::on_send(int result) noexcept {
  sending_ = false;
  if (retired_and_gone() || retired_) return;
  if (aborted_) return finish_write(error_);
  if (draining_) return go_on_draining();
  if (worth_another_try(result)) return send();
  if (result <= 0) return fail_write(result == 0 ? EPIPE : -result);
  if (!send_->advance(static_cast<std::size_t>(result))) return send();
  if (writer_ && writer_->pipe) return go_on_draining();
  finish_write({});
}

void UringTransport::go_on_draining() noexcept {
  draining_ = false;
  const int error = drain_pipe(*writer_->pipe);
  if (error == 0) return finish_write({});
  if (error != EAGAIN) return fail_write(error);
  await_writable();
}

void UringTransport::fail_write(int error) noexcept {
  note_lost(error);
  finish_write(from_errno(error));
}

// ECONNRESET is told once: a later receive would show the end of the stream in its place.
void UringTransport::note_lost(int error) noexcept {
  if (error != EPIPE) lost_ = true;
}

void UringTransport::finish_write(Result<void> result) noexcept {
  if (send_) loop_.sends().give_back(*std::exchange(send_, nullptr));
  if (fin_wanted_) send_fin();
  auto* op = std::exchange(writer_, nullptr);
  if (!op) return;
  op->result = result;
  op->waiter.resume();
}

// Past the ring, where FIN would be a segment of its own, sent when the completion has come back. False: the
// ring goes on with the rest, and FIN comes after it.
bool UringTransport::send_with_fin(Send& send) noexcept {
  fin_wanted_ = true;
  if (!send.send_now(descriptor_)) return false;
  send_fin();
  return true;
}

void UringTransport::shutdown_write() noexcept {
  if (aborted_ || fin_sent_) return;
  if (sending_) {
    fin_wanted_ = true;
  } else {
    send_fin();
  }
}

// A system call of its own: through the ring it would go to a kernel worker thread.
void UringTransport::send_fin() noexcept {
  fin_wanted_ = false;
  fin_sent_ = true;
  ::shutdown(descriptor_, SHUT_WR);
}

// --- connecting

bool UringTransport::start_connect(WriteOp& op) noexcept {
  if (connecting_) {
    writer_ = &op;
    return false;
  }
  if (error_.fault != Fault::none) op.result = error_;
  return true;
}

void UringTransport::on_connect(int result) noexcept {
  connecting_ = false;
  if (retired_and_gone() || retired_) return;
  if (!aborted_ && result < 0) error_ = connect_error(-result);
  if (error_.fault == Fault::none) {  // a write may not have waited for connected()
    if (send_) return send();
    if (writer_ && writer_->pipe) return go_on_draining();
  }
  finish_write(error_.fault == Fault::none ? Result<void>{} : error_);
}

// --- breaking and telling

void UringTransport::abort(Fault why, bool reset) noexcept {
  if (aborted_) return;
  aborted_ = true;
  error_ = Error{.fault = why};
  watcher_ = nullptr;
  unlink();
  if (!receiving_bulk_) kept_ = Chunk{};
  if (connecting_) {
    loop_.ring().cancel(Tag::connect, this);
  } else {
    break_socket(reset);
  }
  if (reader_ && !receiving_) nudge();
}

// Both ways end what is in flight: the kernel wakes it with the error or the end.
void UringTransport::break_socket(bool reset) noexcept {
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  // Dissolving the association sends RST at once, where SO_LINGER would wait for the close.
  if (reset && ::connect(descriptor_, &nowhere, sizeof(nowhere)) == 0) return;
  ::shutdown(descriptor_, SHUT_RDWR);
}

void UringTransport::nudge() noexcept {
  if (nudged_) return;
  nudged_ = true;
  loop_.ring().nudge(Tag::nudge, this);
}

void UringTransport::on_nudge() noexcept {
  nudged_ = false;
  if (retired_and_gone() || retired_) return;
  bool reader_is_due = reader_ && !receiving_ && (aborted_ || cancelling_);
  if (reader_is_due || (watcher_ && has_news())) tell();
}

bool UringTransport::peer_gone() const noexcept { return ended_ || lost_ || error_.fault != Fault::none; }

std::optional<std::uint64_t> UringTransport::delivered() const noexcept {
  return delivered_bytes(descriptor_);
}

const Address& UringTransport::peer() const noexcept {
  return peer_ ? *peer_ : peer_.set(peer_address(descriptor_));
}

const Address& UringTransport::local() const noexcept {
  return local_ ? *local_ : local_.set(local_address(descriptor_));
}

}  // namespace sluice::net
