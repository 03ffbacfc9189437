#include "telemetry/shard.h"

#include "net/loop.h"

namespace sluice::telemetry {
namespace {

/// Listeners and upstreams are few: a walk finds them.
template <class T>
T& found_or_made(PublishedList<T>& list, std::string_view name) {
  T* known = list.find([&](const T& one) { return one.name() == name; });
  return known != nullptr ? *known : list.emplace(std::string(name));
}

}  // namespace

RouteMetrics& Shard::route(std::string_view name) {
  if (name.empty()) return unmatched_;
  if (auto known = routes_by_name_.find(name); known != routes_by_name_.end()) return *known->second;
  RouteMetrics& made = routes_.emplace(std::string(name));
  routes_by_name_.emplace(made.name(), &made);
  return made;
}

ListenerMetrics& Shard::listener(std::string_view name) { return found_or_made(listeners_, name); }

UpstreamMetrics& Shard::upstream(std::string_view name) { return found_or_made(upstreams_, name); }

void Shard::watch_loop(net::LoopStats* stats) {
  const std::lock_guard lock(loop_mutex_);
  loop_ = stats;
}

std::optional<Shard::LoopFigures> Shard::loop() const {
  const std::lock_guard lock(loop_mutex_);
  if (loop_ == nullptr) return std::nullopt;
  // Relaxed: three figures of which each is whole; none says anything about other memory.
  return LoopFigures{loop_->turns.load(std::memory_order_relaxed),
                     Duration(loop_->busy_ns.load(std::memory_order_relaxed)),
                     Duration(loop_->longest_ns.exchange(0, std::memory_order_relaxed))};
}

}  // namespace sluice::telemetry
