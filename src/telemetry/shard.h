// All metrics of one worker.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "sluice/metrics.h"
#include "telemetry/connection_metrics.h"
#include "telemetry/metric_registry.h"
#include "telemetry/published_list.h"
#include "telemetry/route_metrics.h"

namespace sluice::net {
struct LoopStats;
}

namespace sluice::telemetry {

/// One a worker, for as long as the process runs. A generation asks for its routes, listeners and
/// upstreams by name on the control thread and gives the references to the worker; a name that was
/// there before gives the same counters, so that a reload resets none. What a worker writes needs
/// no lock, and scrapes take none that a worker could hold.
class Shard {
 public:
  explicit Shard(unsigned worker) : worker_(worker) {}
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// For the control thread: found or made by name. References live as long as the shard.
  RouteMetrics& route(std::string_view name);
  ListenerMetrics& listener(std::string_view name);
  UpstreamMetrics& upstream(std::string_view name);
  MetricSet& metrics() noexcept { return registry_; }

  /// For requests that no route matched.
  RouteMetrics& unmatched() noexcept { return unmatched_; }

  Gauge exchanges_in_flight;

  /// The figures of the worker's event loop go into scrapes until null is given, which must be
  /// before the loop goes. Control thread; waits for a scrape that is reading them.
  void watch_loop(net::LoopStats* stats);

  unsigned worker() const noexcept { return worker_; }

  // For scrapes, on any thread.
  template <class Visit>
  void each_route(Visit&& visit) const {
    visit(unmatched_);
    routes_.each(visit);
  }
  template <class Visit>
  void each_listener(Visit&& visit) const {
    listeners_.each(visit);
  }
  template <class Visit>
  void each_upstream(Visit&& visit) const {
    upstreams_.each(visit);
  }
  const MetricRegistry& registry() const noexcept { return registry_; }
  struct LoopFigures {
    std::uint64_t turns = 0;
    Duration busy{};
    Duration longest_turn{};  ///< Since the last call.
  };
  /// Absent where no loop is watched.
  std::optional<LoopFigures> loop() const;

 private:
  unsigned worker_;
  RouteMetrics unmatched_{std::string()};
  PublishedList<RouteMetrics> routes_;
  PublishedList<ListenerMetrics> listeners_;
  PublishedList<UpstreamMetrics> upstreams_;
  MetricRegistry registry_;
  // Of the control thread: 10,000 routes are found without walking the list.
  std::unordered_map<std::string_view, RouteMetrics*> routes_by_name_;
  mutable std::mutex loop_mutex_;  // Between the control thread and scrapes; a worker never takes it.
  net::LoopStats* loop_ = nullptr;
};

}  // namespace sluice::telemetry
