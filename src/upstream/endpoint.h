// One server of an upstream, as the whole process sees it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "upstream/config.h"
#include "upstream/health/shared_health.h"
#include "upstream/shared_resolution.h"
#include "upstream/stats.h"

namespace sluice::upstream {

/// A worker's pool, as the other workers know it: somebody to wake when a connection slot may have
/// come free or an idle connection is wanted elsewhere.
class SharedPool {
 public:
  virtual ~SharedPool() = default;
  virtual void wake() noexcept = 0;  ///< Any thread.
  virtual const PoolCounts& counts() const noexcept = 0;
};

/// Health, limits and counts of one endpoint. Immutable but for the atomics and the list of pools.
class SharedEndpoint {
 public:
  SharedEndpoint(const EndpointConfig& config, const ConnectionsConfig& limits);

  const std::string& name() const noexcept { return name_; }            ///< As configured.
  const EndpointAddress& address() const noexcept { return address_; }  ///< The same, taken apart.
  const std::string& host() const noexcept { return host_; }            ///< What `host: endpoint` sends.
  std::uint32_t weight() const noexcept { return weight_; }

  SharedHealth& health() noexcept { return health_; }
  const SharedHealth& health() const noexcept { return health_; }

  /// The address is a host name, not an address or the path of a socket.
  bool is_named() const noexcept { return named_; }
  SharedResolution& resolution() noexcept { return resolution_; }
  const SharedResolution& resolution() const noexcept { return resolution_; }

  /// Requests under way, from connect() until the lease ends.
  std::uint32_t active() const noexcept { return active_.load(std::memory_order_relaxed); }
  void begin_request() noexcept { active_.fetch_add(1, std::memory_order_relaxed); }
  void end_request() noexcept { active_.fetch_sub(1, std::memory_order_relaxed); }

  /// A place among connections.max; held from the begin of a dial until the connection is closed.
  bool take_slot() noexcept;
  /// Wakes the pools when somebody waits.
  void give_slot() noexcept;
  bool full() const noexcept { return connections() >= limits_.max; }
  std::uint32_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }

  /// A place among connections.pending_max.
  bool begin_wait() noexcept;
  void end_wait() noexcept;
  std::uint32_t waiting() const noexcept { return waiting_.load(std::memory_order_relaxed); }

  /// How many idle connections each pool may keep, so that together they keep connections.idle_max.
  std::size_t idle_share() const noexcept;

  void enroll(SharedPool& pool);
  void dismiss(SharedPool& pool) noexcept;  ///< Its counts stay part of counts().
  /// All of them, or all but one.
  void wake_pools(const SharedPool* except = nullptr) noexcept;

  /// Over all workers, since the start of the endpoint.
  PoolTotals counts() const;

 private:
  const std::string name_;
  const EndpointAddress address_;
  const std::string host_;
  const std::uint32_t weight_;
  const bool named_;
  SharedResolution resolution_;
  const ConnectionsConfig limits_;

  mutable std::mutex
      pools_mutex_;  // taken when a worker starts or ends, waits or is waited for: never when warm
  std::vector<SharedPool*> pools_;
  PoolTotals gone_;
  std::atomic<std::uint32_t> pool_count_{0};  // relaxed: a share that is a moment old does no harm

  // Each on a cache line of its own: workers write the counters, everybody reads the health.
  alignas(64) SharedHealth health_;
  alignas(64) std::atomic<std::uint32_t> active_{0};  // relaxed: a balancer's hint
  // Sequentially consistent: who gives a slot sees who waits, or who waits sees the free slot.
  alignas(64) std::atomic<std::uint32_t> connections_{0};
  std::atomic<std::uint32_t> waiting_{0};
};

}  // namespace sluice::upstream
