// The signals that steer a running gateway.
#pragma once

#include <csignal>

#include "base/clock.h"

namespace sluice::runtime {

/// For as long as the process starts, on its only thread: SIGTERM and SIGINT end it with one line, exit 0;
/// SIGHUP and SIGUSR1 wait for the Signals that are made next.
void end_on_signal_while_starting();

/// Waits for SIGTERM, SIGINT, SIGHUP and SIGUSR1 in place of their handlers; ignores SIGPIPE. Made before
/// any other thread begins: threads inherit that these signals are blocked.
class Signals {
 public:
  /// What SIGHUP is: a wish to reload, or the end of the terminal that a program was tried in.
  enum class Hangup { reload, end };

  explicit Signals(Hangup hangup = Hangup::reload);

  /// The number of the next one.
  int next() const;

  /// Asks the process to end.
  bool ends(int signal) const noexcept;

 private:
  Hangup hangup_;
  sigset_t set_;
};

/// Tells a person's second signal from an echo of the first: timeout(1) and some supervisors send theirs
/// to the process and to its group, so that it comes twice within moments.
class SecondSignal {
 public:
  explicit SecondSignal(TimePoint first) : first_(first) {}

  bool is_meant(TimePoint now) const noexcept { return now - first_ >= std::chrono::seconds(1); }

 private:
  TimePoint first_;
};

}  // namespace sluice::runtime
