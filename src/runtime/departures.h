// What a reload has taken out of force and what still ends on its own.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/task.h"
#include "base/timer_wheel.h"
#include "net/loop.h"
#include "proxy/listener.h"
#include "upstream/upstream.h"

namespace sluice::runtime {

/// Keeps listeners until their last connection has ended, and upstreams until nobody uses them and their last
/// connection has. Nothing is cut. Loop's thread.
class Departures final : private Timer {
 public:
  explicit Departures(net::Loop& loop) noexcept : loop_(loop) {}

  /// Nobody leads to it any more; its clients are told with their next response that their connection ends.
  void add(std::unique_ptr<proxy::Listener> listener);
  void add(std::shared_ptr<upstream::Upstream> upstream);

  /// Calls back with every listener that is still here.
  template <class Visit>
  void each_listener(Visit&& visit) {
    for (auto& listener : listeners_) visit(*listener);
  }

  /// For the end of the process, after every listener was stopped: until all is gone.
  Task<void> drained();

 private:
  void on_timer() noexcept override;
  void look_again() noexcept;

  net::Loop& loop_;
  std::vector<std::unique_ptr<proxy::Listener>> listeners_;
  std::vector<std::shared_ptr<upstream::Upstream>> upstreams_;
};

}  // namespace sluice::runtime
