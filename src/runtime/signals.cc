#include "runtime/signals.h"

#include <string_view>

#include <unistd.h>

namespace sluice::runtime {
namespace {

// Nothing that is to be tidied up is there before the start is over.
void end_at_once(int signal) {
  const std::string_view line = signal == SIGTERM ? "sluice: SIGTERM before the start was over\n"
                                                  : "sluice: SIGINT before the start was over\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(0);
}

}  // namespace

void end_on_signal_while_starting() {
  sigset_t waiting;
  sigemptyset(&waiting);
  for (int signal : {SIGHUP, SIGUSR1}) sigaddset(&waiting, signal);
  pthread_sigmask(SIG_BLOCK, &waiting, nullptr);
  for (int signal : {SIGTERM, SIGINT}) std::signal(signal, &end_at_once);
}

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
