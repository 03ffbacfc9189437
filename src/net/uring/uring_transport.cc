// The life of one: how it comes to be, breaks and goes.
#include "net/uring/uring_transport.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/frame_pool.h"
#include "net/socket.h"
#include "net/uring/uring_loop.h"

namespace sluice::net {

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

std::unique_ptr<Transport> UringTransport::accepted(UringLoop& loop, int descriptor) {
  auto* self = ::new (allocate_frame(sizeof(UringTransport))) UringTransport(loop, descriptor);
  return std::unique_ptr<Transport>(self);
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

void UringTransport::discard() noexcept {
  this->~UringTransport();
  free_frame(this, sizeof(UringTransport));
}

UringTransport::~UringTransport() {
  loop_.close(descriptor_);
  if (send_) loop_.sends().give_back(*send_);
}

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
