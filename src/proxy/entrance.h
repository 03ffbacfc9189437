// A listening socket on one worker: leads its connections to the listener in force.
#pragma once

#include <memory>

#include "base/task.h"
#include "net/transport.h"
#include "proxy/listener.h"

namespace sluice::proxy {

/// Outlives reloads that change what is done with connections and not where they come in. Loop's thread.
class Entrance {
 public:
  /// Accepts until stop(). The listener outlives this, or lead_to() names another one first.
  Entrance(std::unique_ptr<net::Acceptor> acceptor, Listener& listener);
  Entrance(const Entrance&) = delete;
  Entrance& operator=(const Entrance&) = delete;

  /// Connections that come from now on are for this listener.
  void lead_to(Listener& listener) noexcept { listener_ = &listener; }

  void stop() noexcept {
    if (acceptor_) acceptor_->stop();
  }
  bool has_ended() const noexcept { return tasks_.size() == 0; }
  /// After stop(): until what was accepted already has been passed on. Then it may be destroyed.
  auto drained() noexcept { return tasks_.join(); }

 private:
  Task<void> run();

  std::unique_ptr<net::Acceptor> acceptor_;  // null once it has stopped
  Listener* listener_;
  TaskGroup tasks_;
};

}  // namespace sluice::proxy
