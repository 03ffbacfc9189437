#include "runtime/watchdog.h"

#include <pthread.h>

#include <utility>

namespace sluice::runtime {

Watchdog::Watchdog(Duration allowed, std::function<bool(Duration at_most)> answers,
                   std::function<void()> alive)
    : every_(allowed / 4), answers_(std::move(answers)), alive_(std::move(alive)) {
  thread_ = std::thread([this] { run(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ends_.notify_one();
  thread_.join();
}

void Watchdog::run() {
  pthread_setname_np(pthread_self(), "watchdog");
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    if (answers_(every_)) alive_();
    lock.lock();
    ends_.wait_for(lock, every_, [this] { return ending_; });
  }
}

}  // namespace sluice::runtime
