// Of a UringTransport: writing, and the FIN behind it.
#include "net/uring/uring_transport.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net/uring/uring_loop.h"

namespace sluice::net {

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
  return !op.pipe || start_draining(op);
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
  if (result == -EAGAIN || result == -EINTR) return send();
  if (result <= 0) return fail_write(result == 0 ? EPIPE : -result);
  if (!send_->advance(static_cast<std::size_t>(result))) return send();
  if (writer_ && writer_->pipe) return go_on_draining();
  finish_write({});
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

}  // namespace sluice::net
