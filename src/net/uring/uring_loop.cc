#include "net/uring/uring_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kEntries = 1024;
constexpr unsigned kCompletions = 8192;
constexpr auto kDrainFor = 1s;
constexpr auto kShrinkEvery = 1s;

int open_wake_descriptor() {
  // Blocking: a ring takes O_NONBLOCK for the wish not to wait at all.
  int descriptor = ::eventfd(0, EFD_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::system_category(), "eventfd");
  return descriptor;
}

}  // namespace

UringLoop::UringLoop(Clock& clock, const LoopOptions& options, Kernel& kernel)
    : Loop(clock),
      ring_(kernel, kEntries, kCompletions),
      buffers_(kernel, ring_.raw(), options.read_buffer, options.max_read_memory),
      bulk_(options),
      bulk_size_(options.bulk_buffer),
      wake_descriptor_(open_wake_descriptor()) {
  wait_for_wake();
}

UringLoop::~UringLoop() {
  ending_ = true;
  drain();
  // Left when the ring's thread is gone: the kernel has cancelled its operations with it.
  while (auto* transport = retired_.pop_front()) transport->discard();
  while (auto* acceptor = retired_acceptors_.pop_front()) acceptor->discard();
  ::close(wake_descriptor_);
}

bool UringLoop::more_buffers() noexcept {
  bool found = buffers_.grow();
  if (buffers_.grown() && !shrink_timer_.armed()) timers().arm(shrink_timer_, now() + kShrinkEvery);
  return found;
}

void UringLoop::shrink() noexcept {
  if (ring_.all_handed_out()) buffers_.shrink();
  if (buffers_.grown()) timers().arm(shrink_timer_, now() + kShrinkEvery);
}

Chunk UringLoop::lease_bulk() noexcept {
  auto lease = bulk_.lease(BufferPool::kBulkFrom);
  if (lease.size >= BufferPool::kBulkFrom) return bulk_.chunk(lease, 0);
  if (lease) bulk_.give_back(lease);
  return {};
}

void UringLoop::close(int descriptor) noexcept {
  if (ending_) {
    ::close(descriptor);
  } else {
    ring_.close(descriptor);
  }
}

Result<std::unique_ptr<Transport>> UringLoop::connect(const Address& to, const ConnectOptions& options) {
  return UringTransport::connect(*this, to, options);
}

Result<std::unique_ptr<Acceptor>> UringLoop::listen(ListenSocket socket) {
  return UringAcceptor::listen(*this, std::move(socket));
}

void UringLoop::wait(TimePoint until) {
  feed_parked();
  auto timeout = Duration::max();
  if (until != TimePoint::max()) {
    timeout = until > wait_began() ? Duration(until - wait_began()) : Duration::zero();
  }
  if (!ring_.enter(timeout)) throw std::logic_error("a loop runs on one thread");
  refresh_time();
  ring_.reap([this](const Completion& completion) { hand_out(completion); });
}

void UringLoop::feed_parked() noexcept {
  buffers_.publish();
  for (auto free = buffers_.available(); free != 0 && !parked_.empty(); --free) {
    parked_.pop_front()->receive_again();
  }
}

void UringLoop::hand_out(const Completion& completion) noexcept {
  auto* transport = static_cast<UringTransport*>(completion.target);
  switch (completion.tag) {
    case Tag::receive:
      return transport->on_receive(completion.result, completion.flags);
    case Tag::send:
      return transport->on_send(completion.result);
    case Tag::connect:
      return transport->on_connect(completion.result);
    case Tag::nudge:
      return transport->on_nudge();
    case Tag::accept:
      return static_cast<UringAcceptor*>(completion.target)->on_accept(completion.result, completion.flags);
    case Tag::stopped:
      return static_cast<UringAcceptor*>(completion.target)->on_nudge();
    case Tag::wake:
      return wait_for_wake();
    case Tag::quiet:
      return;
  }
}

void UringLoop::wait_for_wake() noexcept {
  if (ending_) return;
  io_uring_prep_read(&ring_.prepare(Tag::wake, this), wake_descriptor_, &wake_count_, sizeof(wake_count_), 0);
}

void UringLoop::wake() noexcept {
  std::uint64_t one = 1;
  // Fails only when the count is full: then the loop is being woken already.
  [[maybe_unused]] auto written = ::write(wake_descriptor_, &one, sizeof(one));
}

void UringLoop::drain() noexcept {
  ring_.cancel_all();
  auto give_up = std::chrono::steady_clock::now() + kDrainFor;
  while (ring_.in_flight() != 0 && std::chrono::steady_clock::now() < give_up) {
    if (!ring_.enter(10ms)) return;
    ring_.reap([this](const Completion& completion) { hand_out(completion); });
  }
}

std::unique_ptr<Loop> make_uring_loop(Clock& clock, const LoopOptions& options) {
  return std::make_unique<UringLoop>(clock, options);
}

}  // namespace sluice::net
