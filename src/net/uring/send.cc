#include "net/uring/send.h"

#include <algorithm>
#include <utility>

#include "net/socket.h"

namespace sluice::net {
namespace {

// The kernel goes on by itself after a short send, so that a write is one completion.
constexpr int kFlags = MSG_NOSIGNAL | MSG_WAITALL;
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;  // the entry's length has 32 bits

}  // namespace

void Send::begin(std::span<const Slice> slices) noexcept {
  rest_ = slices;
  sent_of_first_ = 0;
  skip_empty();
}

void Send::prepare(io_uring_sqe& entry, int descriptor) noexcept {
  if (rest_.size() == 1) {
    auto bytes = rest_.front().substr(sent_of_first_);
    io_uring_prep_send(&entry, descriptor, bytes.data(), std::min(bytes.size(), kMostAtOnce), kFlags);
    return;
  }
  message_.msg_iov = parts_.data();
  message_.msg_iovlen = gather(rest_, sent_of_first_, parts_);
  bool more_follows = rest_.size() > kSlicesAtOnce;
  io_uring_prep_sendmsg(&entry, descriptor, &message_, kFlags | (more_follows ? MSG_MORE : 0));
}

bool Send::send_now(int descriptor) noexcept {
  message_.msg_iov = parts_.data();
  message_.msg_iovlen = gather(rest_, sent_of_first_, parts_);
  const auto sent = ::sendmsg(descriptor, &message_, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_MORE);
  return sent > 0 && advance(static_cast<std::size_t>(sent));
}

bool Send::advance(std::size_t bytes) noexcept {
  bytes += sent_of_first_;
  while (!rest_.empty() && bytes >= rest_.front().size()) {
    bytes -= rest_.front().size();
    rest_ = rest_.subspan(1);
  }
  sent_of_first_ = bytes;
  return rest_.empty();
}

void Send::skip_empty() noexcept {
  while (!rest_.empty() && rest_.front().empty()) rest_ = rest_.subspan(1);
}

SendPool::~SendPool() {
  while (free_) delete std::exchange(free_, free_->next_free_);
}

Send& SendPool::take() {
  if (!free_) return *new Send;
  --free_count_;
  return *std::exchange(free_, free_->next_free_);
}

void SendPool::give_back(Send& send) noexcept {
  if (free_count_ == kKept) {
    delete &send;
    return;
  }
  ++free_count_;
  send.next_free_ = std::exchange(free_, &send);
}

}  // namespace sluice::net
