// Of a UringTransport: bytes that go by pipe. The ring only waits for the socket: splice(2) through it would
// go to a kernel worker thread.
#include "net/uring/uring_transport.h"

#include <poll.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "net/pipe_pool.h"
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

}  // namespace

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

void UringTransport::await_writable() noexcept {
  sending_ = true;
  draining_ = true;
  io_uring_prep_poll_add(&loop_.ring().prepare(Tag::send, this), descriptor_, POLLOUT);
}

// Of a write whose slices have gone. True when it is over.
bool UringTransport::start_draining(WriteOp& op) noexcept {
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

void UringTransport::go_on_draining() noexcept {
  draining_ = false;
  const int error = drain_pipe(*writer_->pipe);
  if (error == 0) return finish_write({});
  if (error != EAGAIN) return fail_write(error);
  await_writable();
}

}  // namespace sluice::net
