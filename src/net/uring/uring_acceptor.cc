#include "net/uring/uring_acceptor.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net/uring/uring_loop.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

constexpr auto kPause = 100ms;

// Of the one connection, not of the socket (accept(2)): the next one may do.
bool passes_at_once(int result) noexcept {
  switch (-result) {
    case EINTR:
    case EAGAIN:
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
      return true;
    default:
      return false;
  }
}

bool worth_telling(int result) noexcept {
  return result != -EINTR && result != -EAGAIN && result != -ECANCELED;
}

}  // namespace

Result<std::unique_ptr<Acceptor>> UringAcceptor::listen(UringLoop& loop, ListenSocket socket) {
  // A ring takes O_NONBLOCK for the wish not to wait at all.
  int flags = ::fcntl(socket.descriptor, F_GETFL);
  if (flags < 0 || ::fcntl(socket.descriptor, F_SETFL, flags & ~O_NONBLOCK) < 0) return from_errno(errno);
  if (!socket.address.is_unix()) {
    int on = 1;  // accepted sockets inherit it, which spares a system call for each
    ::setsockopt(socket.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  return std::unique_ptr<Acceptor>(new UringAcceptor(loop, socket));
}

UringAcceptor::~UringAcceptor() {
  for (int descriptor : accepted_) loop_.close(descriptor);
  loop_.close(descriptor_);
}

void UringAcceptor::retire() noexcept {
  retired_ = true;
  waiter_ = nullptr;
  disarm();
  if (retired_and_gone()) return;
  loop_.remember_retired(*this);
  if (accepting_) loop_.ring().cancel(Tag::accept, this);
}

bool UringAcceptor::retired_and_gone() noexcept {
  if (!retired_ || accepting_ || nudged_) return false;
  discard();
  return true;
}

void UringAcceptor::discard() noexcept {
  this->~UringAcceptor();
  ::operator delete(static_cast<void*>(this));
}

bool UringAcceptor::start_accept(AcceptOp& op) noexcept {
  if (next(op.result)) return true;
  waiter_ = &op;
  if (!accepting_ && !armed()) arm();
  return false;
}

void UringAcceptor::stop() noexcept {
  if (std::exchange(stopped_, true)) return;
  disarm();
  if (accepting_) return loop_.ring().cancel(Tag::accept, this);
  if (!waiter_ || nudged_) return;
  nudged_ = true;
  loop_.ring().nudge(Tag::stopped, this);
}

void UringAcceptor::arm() noexcept {
  accepting_ = true;
  holding_back_ = false;
  auto& entry = loop_.ring().prepare(Tag::accept, this);
  io_uring_prep_multishot_accept(&entry, descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
}

void UringAcceptor::hold_back() noexcept {
  if (std::exchange(holding_back_, true)) return;
  loop_.ring().cancel(Tag::accept, this);
}

void UringAcceptor::on_timer() noexcept {
  if (!accepting_) arm();
}

void UringAcceptor::on_accept(int result, unsigned flags) noexcept {
  accepting_ = (flags & IORING_CQE_F_MORE) != 0;
  if (result >= 0) accepted_.push_back(result);
  if (retired_and_gone() || retired_) return;
  if (result < 0 && worth_telling(result)) failure_ = from_errno(-result);
  if (accepting_) {
    if (accepted_.size() >= kMostWaiting) hold_back();
  } else if (!stopped_ && accepted_.size() < kMostWaiting) {
    if (result < 0 && result != -ECANCELED && !passes_at_once(result)) {
      loop_.timers().arm(*this, loop_.now() + kPause);
    } else {
      arm();
    }
  }
  tell();
}

void UringAcceptor::on_nudge() noexcept {
  nudged_ = false;
  if (retired_and_gone() || retired_) return;
  tell();
}

bool UringAcceptor::next(Result<std::unique_ptr<Transport>>& result) noexcept {
  if (!accepted_.empty()) {
    int descriptor = accepted_.front();
    accepted_.pop_front();
    result = UringTransport::accepted(loop_, descriptor);
  } else if (failure_.fault != Fault::none) {
    result = std::exchange(failure_, Error{});
  } else if (stopped_ && !accepting_) {
    result = Error{.fault = Fault::cancelled};
  } else {
    return false;
  }
  return true;
}

// Whoever is told may destroy this acceptor: nothing may follow.
void UringAcceptor::tell() noexcept {
  if (!waiter_ || !next(waiter_->result)) return;
  std::exchange(waiter_, nullptr)->waiter.resume();
}

}  // namespace sluice::net
