#include "poller.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice::bench {

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  // The default slack of 50 us would show as latency of every paced request.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

Poller::~Poller() { ::close(epoll_); }

void Poller::wait(nanoseconds timeout) {
  const auto count = std::max<std::int64_t>(timeout.count(), 0);
  const timespec limit{count / 1'000'000'000, count % 1'000'000'000};
  const int ready = epoll_pwait2(epoll_, ready_.data(), static_cast<int>(ready_.size()), &limit, nullptr);
  if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_pwait2");
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = ready_[static_cast<std::size_t>(i)];
    static_cast<Watched*>(event.data.ptr)->on_ready(event.events);
  }
}

void Poller::control(int operation, int fd, std::uint32_t events, Watched& watched) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watched;
  if (epoll_ctl(epoll_, operation, fd, &event) < 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

}  // namespace sluice::bench
