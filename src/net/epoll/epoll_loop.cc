#include "net/epoll/epoll_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "net/epoll/epoll_acceptor.h"
#include "net/epoll/epoll_transport.h"

namespace sluice::net {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

EpollLoop::EpollLoop(Clock& clock, const LoopOptions& options) : Loop(clock), buffers_(options) {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) fail("epoll_create1");
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) fail("eventfd");
  // Edge-triggered: every write wakes once more, and nobody needs to read.
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) fail("epoll_ctl");
}

EpollLoop::~EpollLoop() {
  close(wake_);
  close(epoll_);
}

bool EpollLoop::add(int descriptor, std::uint32_t events, EpollSource& source) noexcept {
  epoll_event event{.events = events, .data = {.ptr = &source}};
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

bool EpollLoop::modify(int descriptor, std::uint32_t events, EpollSource& source) noexcept {
  epoll_event event{.events = events, .data = {.ptr = &source}};
  return epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event) == 0;
}

void EpollLoop::remove(int descriptor) noexcept { epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr); }

void EpollLoop::forget(const EpollSource& source) noexcept {
  for (int i = next_; i < count_; ++i) {
    if (events_[i].data.ptr == &source) events_[i].data.ptr = nullptr;
  }
}

void EpollLoop::again(EpollTransport& transport) noexcept {
  if (!static_cast<ListHook<AgainTag>&>(transport).linked()) again_.push_back(transport);
}

void EpollLoop::park(EpollTransport& transport) noexcept {
  if (!static_cast<ListHook<ParkedTag>&>(transport).linked()) parked_.push_back(transport);
}

Result<std::unique_ptr<Transport>> EpollLoop::connect(const Address& to, const ConnectOptions& options) {
  return EpollTransport::connect(*this, to, options);
}

Result<std::unique_ptr<Acceptor>> EpollLoop::listen(ListenSocket socket) {
  return std::unique_ptr<Acceptor>(std::make_unique<EpollAcceptor>(*this, std::move(socket)));
}

int EpollLoop::timeout_ms(TimePoint until) const noexcept {
  if (!again_.empty() || (!parked_.empty() && buffers_.available())) return 0;
  if (until <= wait_began()) return 0;
  if (until == TimePoint::max()) return -1;
  auto ms = std::chrono::ceil<std::chrono::milliseconds>(until - wait_began()).count();
  return static_cast<int>(std::min<std::int64_t>(ms, 3'600'000));
}

void EpollLoop::wait(TimePoint until) {
  int count = epoll_wait(epoll_, events_, kBatch, timeout_ms(until));
  refresh_time();
  count_ = std::max(count, 0);
  next_ = 0;
  while (next_ < count_) {
    auto& event = events_[next_++];
    if (event.data.ptr) static_cast<EpollSource*>(event.data.ptr)->on_events(event.events);
  }
  count_ = 0;
  serve_parked();
  serve_again();
}

void EpollLoop::wake() noexcept {
  std::uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(wake_, &one, sizeof(one));
}

void EpollLoop::serve_parked() noexcept {
  for (int served = 0; served < kBatch && buffers_.available(); ++served) {
    auto* transport = parked_.pop_front();
    if (!transport) return;
    transport->on_buffer();
  }
}

void EpollLoop::serve_again() noexcept {
  IntrusiveList<EpollTransport, AgainTag> turn;
  turn.splice_back(again_);
  while (auto* transport = turn.pop_front()) transport->progress();
}

}  // namespace sluice::net
