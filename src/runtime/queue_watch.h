// Sees to it that slow clients do not hold the upstream connections that others wait for.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "net/loop.h"
#include "upstream/shared_upstream.h"

namespace sluice::runtime {

/// Looks ten times a second. On the control loop.
class QueueWatch final : private Timer {
 public:
  using Upstreams = std::vector<std::shared_ptr<upstream::SharedUpstream>>;

  /// `make_room` is called at each look at which a request waits for a connection.
  QueueWatch(net::Loop& loop, const Upstreams& upstreams, std::function<void()> make_room)
      : loop_(loop), upstreams_(upstreams), make_room_(std::move(make_room)) {
    rest();
  }

 private:
  static constexpr auto kEvery = std::chrono::milliseconds(100);

  void on_timer() noexcept override {
    if (anyone_waits()) make_room_();
    rest();
  }
  void rest() noexcept { loop_.timers().arm(*this, loop_.now() + kEvery); }

  bool anyone_waits() const noexcept {
    for (const auto& upstream : upstreams_) {
      const auto set = upstream->endpoints();
      for (const auto& endpoint : set->endpoints) {
        if (endpoint->waiting() != 0) return true;
      }
    }
    return false;
  }

  net::Loop& loop_;
  const Upstreams& upstreams_;
  const std::function<void()> make_room_;
};

}  // namespace sluice::runtime
