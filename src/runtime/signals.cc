#include "runtime/signals.h"

namespace sluice::runtime {

Signals::Signals(Hangup hangup) : hangup_(hangup) {
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&set_);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set_, signal);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

int Signals::next() const {
  int signal = 0;
  while (sigwait(&set_, &signal) != 0) {
  }
  return signal;
}

bool Signals::ends(int signal) const noexcept {
  return signal == SIGTERM || signal == SIGINT || (signal == SIGHUP && hangup_ == Hangup::end);
}

}  // namespace sluice::runtime
