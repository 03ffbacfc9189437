// Has something of a loop's thread done when another thread asks for it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "net/loop.h"

namespace sluice::upstream {

/// Made, stopped and destroyed on the loop's thread, or where the loop does not run. Nothing is done any more
/// once it is stopped or destroyed.
class Wakeup {
 public:
  Wakeup(net::Loop& loop, std::function<void()> action) : loop_(loop), link_(std::make_shared<Link>()) {
    link_->action = std::move(action);
  }
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;
  ~Wakeup() { stop(); }

  void stop() noexcept { link_->action = nullptr; }

  /// The action runs soon, once for all calls until it does. Any thread, while this lives.
  void call() noexcept {
    if (link_->posted.exchange(true, std::memory_order_acq_rel)) return;
    loop_.post([link = link_] {
      link->posted.store(false, std::memory_order_release);
      if (link->action) link->action();
    });
  }

 private:
  // Posted functions may run when the owner is gone: they find that out through this.
  struct Link {
    std::function<void()> action;     // loop's thread
    std::atomic<bool> posted{false};  // acquire-release: one post at a time is enough
  };

  net::Loop& loop_;
  std::shared_ptr<Link> link_;
};

}  // namespace sluice::upstream
