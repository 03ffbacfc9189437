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
#include "upstream/endpoint_id.h"
#include "upstream/health/shared_health.h"
#include "upstream/shared_resolution.h"
#include "upstream/stats.h"

namespace sluice::upstream {

/// The resolved addresses of an endpoint, in the order they are tried; empty until the name resolved.
using Addresses = std::vector<net::Address>;

/// A worker's pool, as the other workers know it: somebody to wake when a connection slot may have
/// come free or an idle connection is wanted elsewhere.
class SharedPool {
 public:
  virtual ~SharedPool() = default;
  virtual void wake() noexcept = 0;  ///< Any thread.
  virtual const PoolCounts& counts() const noexcept = 0;
};

/// Addresses, weight, health, limits and counts of one endpoint. Owned by the sets that it is in, by the
/// pools of its connections, and by who checks or resolves it. What changes here is followed by a new
/// SharedUpstream::version(), which is why atomics without a word of their own are relaxed.
class SharedEndpoint {
 public:
  SharedEndpoint(const EndpointConfig& config, const ConnectionsConfig& limits, EndpointId id = 0);

  EndpointId id() const noexcept { return id_; }
  const std::string& name() const noexcept { return name_; }            ///< As configured.
  const EndpointAddress& address() const noexcept { return address_; }  ///< The same, taken apart.
  const std::string& host() const noexcept { return host_; }            ///< What `host: endpoint` sends.

  std::uint32_t weight() const noexcept { return weight_.load(std::memory_order_relaxed); }
  void set_weight(std::uint32_t weight) noexcept { weight_.store(weight, std::memory_order_relaxed); }

  /// Gets no more requests, but stays.
  bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
  void set_draining(bool draining) noexcept { draining_.store(draining, std::memory_order_relaxed); }

  /// It is no part of its upstream any more, and never will be again.
  bool has_left() const noexcept { return left_.load(std::memory_order_relaxed); }
  void leave() noexcept { left_.store(true, std::memory_order_relaxed); }

  std::shared_ptr<const Addresses> addresses() const;
  /// Null when somebody is setting them at this moment: a worker goes on with what it has.
  std::shared_ptr<const Addresses> try_addresses() const noexcept;
  /// See SharedUpstream::publish().
  void set_addresses(Addresses addresses);
  /// Changes with the addresses. Read it before them.
  std::uint32_t addresses_version() const noexcept {
    return addresses_version_.load(std::memory_order_acquire);
  }

  SharedHealth& health() noexcept { return health_; }
  const SharedHealth& health() const noexcept { return health_; }

  /// The address is a host name, not an address or the path of a socket.
  bool is_named() const noexcept { return named_; }
  SharedResolution& resolution() noexcept { return resolution_; }
  const SharedResolution& resolution() const noexcept { return resolution_; }
  /// Of the active checks; control thread writes.
  struct CheckCounts {
    Count passed, failed, flips;
  };
  CheckCounts& checks() noexcept { return checks_; }
  const CheckCounts& checks() const noexcept { return checks_; }

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
  const EndpointId id_;
  const std::string name_;
  const EndpointAddress address_;
  const std::string host_;
  const bool named_;
  SharedResolution resolution_;
  const ConnectionsConfig limits_;
  std::atomic<std::uint32_t> weight_;
  std::atomic<bool> draining_;
  std::atomic<bool> left_{false};
  std::atomic<std::uint32_t> addresses_version_{0};  // release after a change, acquire by who acts on it
  CheckCounts checks_;

  mutable std::mutex addresses_mutex_;  // workers only ever try it, after the version changed
  std::shared_ptr<const Addresses> addresses_;

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
