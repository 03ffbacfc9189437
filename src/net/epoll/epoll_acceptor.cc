#include "net/epoll/epoll_acceptor.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "net/epoll/epoll_transport.h"
#include "net/socket.h"

namespace sluice::net {
namespace {

constexpr unsigned kLargestBatch = 16;
constexpr auto kPauseWithoutDescriptors = std::chrono::milliseconds(100);

}  // namespace

EpollAcceptor::EpollAcceptor(EpollLoop& loop, ListenSocket socket) noexcept
    : loop_(loop), socket_(std::move(socket)) {}

EpollAcceptor::~EpollAcceptor() {
  if (destroyed_) *destroyed_ = true;
  loop_.forget(*this);
  listen_for_events(false);
  if (socket_.descriptor >= 0) close(socket_.descriptor);
}

void EpollAcceptor::stop() noexcept {
  stopped_ = true;
  disarm();
  listen_for_events(false);
  if (auto* op = std::exchange(waiting_, nullptr)) {
    op->result = Error{.fault = Fault::cancelled};
    loop_.defer(op->waiter);
  }
}

bool EpollAcceptor::start_accept(AcceptOp& op) noexcept {
  if (stopped_) {
    op.result = Error{.fault = Fault::cancelled};
    return true;
  }
  waiting_ = &op;
  if (!armed()) listen_for_events(true);
  return false;
}

void EpollAcceptor::on_events(std::uint32_t) noexcept {
  auto turn = loop_.stats().turns.load(std::memory_order_relaxed);
  batch_ = turn == last_turn_ + 1 ? std::min(batch_ * 2, kLargestBatch) : 1;
  last_turn_ = turn;
  bool destroyed = false;
  destroyed_ = &destroyed;
  for (unsigned left = batch_; left > 0 && waiting_ && accept_one(); --left) {
    std::exchange(waiting_, nullptr)->waiter.resume();
    if (destroyed) return;
  }
  destroyed_ = nullptr;
  if (!waiting_) listen_for_events(false);  // nobody asks: a level would come back at once
}

void EpollAcceptor::on_timer() noexcept {
  if (waiting_) listen_for_events(true);
}

// False: nobody is there.
bool EpollAcceptor::accept_one() noexcept {
  sockaddr_storage raw;
  socklen_t length = sizeof(raw);
  int accepted =
      accept4(socket_.descriptor, reinterpret_cast<sockaddr*>(&raw), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted >= 0) {
    auto peer = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), length);
    waiting_->result = std::make_unique<EpollTransport>(loop_, accepted, std::move(peer));
    return true;
  }
  int error = errno;
  if (error == EAGAIN || error == EINTR) {
    batch_ = 1;
    return false;
  }
  waiting_->result = from_errno(error);
  if (out_of_descriptors(error)) {
    listen_for_events(false);
    loop_.timers().arm(*this, loop_.now() + kPauseWithoutDescriptors);
  }
  return true;
}

void EpollAcceptor::listen_for_events(bool on) noexcept {
  if (on == registered_ || socket_.descriptor < 0) return;
  if (on) {
    // Exclusive: of the loops that share a unix socket one is woken.
    registered_ = loop_.add(socket_.descriptor, EPOLLIN | EPOLLEXCLUSIVE, *this);
  } else {
    loop_.remove(socket_.descriptor);
    registered_ = false;
  }
}

}  // namespace sluice::net
