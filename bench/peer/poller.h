#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>

#include "clock.h"

namespace sluice::bench {

/// Something that owns a file descriptor and is told when it is ready.
class Watched {
 public:
  virtual ~Watched() = default;
  virtual void on_ready(std::uint32_t events) = 0;
};

/// One level-triggered epoll set. A descriptor leaves it by being closed.
///
/// Whoever is told of an event may close its own descriptor and be used again for another one, but must not
/// close that of another Watched: an event of it may lie further on in the same batch.
class Poller {
 public:
  /// Throws std::system_error when the kernel refuses.
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  void add(int fd, std::uint32_t events, Watched& watched) { control(EPOLL_CTL_ADD, fd, events, watched); }
  void modify(int fd, std::uint32_t events, Watched& watched) { control(EPOLL_CTL_MOD, fd, events, watched); }

  /// Waits at most `timeout`, to the nanosecond, and passes on what is ready.
  void wait(nanoseconds timeout);

 private:
  void control(int operation, int fd, std::uint32_t events, Watched& watched);

  int epoll_;
  std::array<epoll_event, 256> ready_{};
};

}  // namespace sluice::bench
