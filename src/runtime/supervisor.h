// Tells systemd how the process is, where it asks to be told (sd_notify(3), sd_watchdog_enabled(3)).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice::runtime {

/// Without NOTIFY_SOCKET in the environment nothing happens. Any thread; never blocks.
class Supervisor {
 public:
  /// Reads the environment; a socket that cannot be reached is told of in one warning.
  Supervisor();
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Requests are served; after reloading() too.
  void ready() noexcept;
  void reloading() noexcept;
  void stopping() noexcept;
  /// To be said more often than watchdog().
  void alive() noexcept;

  /// How long the process may be silent before it is killed, where the supervisor watches it.
  std::optional<Duration> watchdog() const noexcept { return watchdog_; }

 private:
  void say(std::string_view words) noexcept;

  int socket_ = -1;
  std::optional<Duration> watchdog_;
};

}  // namespace sluice::runtime
