#include "runtime/file_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "telemetry/log.h"

namespace sluice::runtime {
namespace {

int make_wake() {
  const int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return descriptor;
}

TimePoint now() { return std::chrono::steady_clock::now(); }

}  // namespace

FileWatch::FileWatch(std::function<void()> changed) : FileWatch(std::move(changed), Settings{}) {}

FileWatch::FileWatch(std::function<void()> changed, Settings settings)
    : changed_(std::move(changed)), settings_(settings), wake_(make_wake()), polls_(!settings.inotify) {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    close(wake_);
    throw;
  }
}

FileWatch::~FileWatch() {
  {
    std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake();
  thread_.join();
  close(wake_);
}

void FileWatch::watch(conf::Sources sources) {
  {
    std::lock_guard lock(mutex_);
    next_ = std::move(sources);
  }
  wake();
}

void FileWatch::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_, &one, sizeof one);  // full: it wakes already
}

void FileWatch::run() {
  for (;;) {
    const auto woken = wait(until_next_look());
    if (woken == Woken::by_call && !take_call()) return;
    if (woken == Woken::by_events && !folders_.take() && until_next_look() > Duration::zero()) continue;
    install();
    look();
  }
}

Duration FileWatch::until_next_look() const {
  const auto interval = polls() ? settings_.poll : settings_.recheck;
  return std::max(Duration::zero(), looked_ + interval - now());
}

FileWatch::Woken FileWatch::wait(Duration at_most) {
  pollfd waited[] = {{wake_, POLLIN, 0}, {folders_.descriptor(), POLLIN, 0}};
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
  poll(waited, 2, static_cast<int>(milliseconds));
  if (waited[0].revents != 0) return Woken::by_call;
  return waited[1].revents != 0 ? Woken::by_events : Woken::by_time;
}

// False: it ends.
bool FileWatch::take_call() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = read(wake_, &count, sizeof count);
  std::lock_guard lock(mutex_);
  if (next_) seen_ = std::move(*next_);
  next_.reset();
  return !ends_;
}

// Before each look, so that nothing falls between: links may lead elsewhere since the last.
void FileWatch::install() {
  if (polls() || seen_.empty()) return;
  const int error = folders_.set(seen_);
  if (error == 0) return;
  polls_.store(true, std::memory_order_relaxed);
  log::warn("the files of the configuration are looked at once a second: inotify cannot be had ({})",
            std::strerror(error));
}

void FileWatch::look() {
  auto found = seen_.again();
  looked_ = now();
  if (found == seen_) return;
  settle(found);
  {
    std::lock_guard lock(mutex_);
    if (ends_ || next_) return;  // other files, or the same as read later: they are compared anew
  }
  seen_ = std::move(found);
  install();
  changed_();
  looked_ = TimePoint{};  // once more at once: what changed before the watches stood
}

// Until they look the same twice.
void FileWatch::settle(conf::Sources& found) {
  const auto latest = now() + settings_.longest;
  pollfd called{wake_, POLLIN, 0};
  while (now() < latest) {
    const auto quiet = std::chrono::ceil<std::chrono::milliseconds>(settings_.quiet).count();
    if (poll(&called, 1, static_cast<int>(quiet)) > 0) return;
    auto again = seen_.again();
    looked_ = now();
    if (again == found) return;
    found = std::move(again);
  }
}

}  // namespace sluice::runtime
