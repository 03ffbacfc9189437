// What goes on beside the workers: health checks and name resolution, on a loop of their own.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "net/loop.h"
#include "runtime/memory_watch.h"
#include "runtime/queue_watch.h"
#include "upstream/discovery.h"
#include "upstream/dns/cares_resolver.h"
#include "upstream/health/checker.h"
#include "upstream/shared_upstream.h"

namespace sluice::runtime {

class Control {
 public:
  using Upstreams = std::vector<std::shared_ptr<upstream::SharedUpstream>>;

  /// Resolves what must be resolved, for a moment, then starts the thread.
  Control(const upstream::DnsConfig& dns, const Upstreams& upstreams);

  /// Resolves what of these has no address yet, for a moment, so that the first request finds one.
  void resolve(const Upstreams& upstreams);

  /// How names are asked for from now on.
  void configure(const upstream::DnsConfig& dns);

  /// Checks and refreshes these from now on: those that are here already go on, the others begin or end.
  void adopt(Upstreams upstreams);

  /// Begins to watch who waits for upstream connections; `make_room` is called while anybody does, and must
  /// live until this ends. Once.
  void watch_queues(std::function<void()> make_room);

  /// Begins to watch the memory; what `process` calls must live until this ends. Once.
  void watch_memory(SharedMemoryPressure& pressure, std::uint64_t ceiling, MemoryWatch::Process process);
  /// Ends checks and refreshes, then the thread.
  ~Control();

 private:
  struct Checked {
    std::shared_ptr<upstream::SharedUpstream> upstream;
    std::unique_ptr<upstream::HealthChecker> checker;
  };

  void run();
  void take_over(Upstreams upstreams);
  void add(const std::shared_ptr<upstream::SharedUpstream>& upstream);
  Task<void> dismiss(Checked checked);
  Task<void> end();

  SystemClock clock_;
  Rng rng_;
  upstream::CaresResolver resolver_;
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<upstream::Discovery> discovery_;
  std::vector<Checked> checked_;
  Upstreams upstreams_;  // of the loop's thread
  std::unique_ptr<QueueWatch> queues_;
  std::unique_ptr<MemoryWatch> memory_;
  TaskGroup leaving_;  // whose checks end
  TaskGroup tasks_;
  std::promise<void> stop_called_;
  std::thread thread_;
};

}  // namespace sluice::runtime
