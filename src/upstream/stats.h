// What pools count, for /upstreams, metrics and tests.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "upstream/health/shared_health.h"
#include "upstream/shared_resolution.h"

namespace sluice::upstream {

/// One writer, any reader; relaxed, since nothing else is read by its value.
class Count {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.store(load() + n, std::memory_order_relaxed); }
  void remove(std::uint64_t n = 1) noexcept { value_.store(load() - n, std::memory_order_relaxed); }
  std::uint64_t load() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Of one worker and endpoint.
struct PoolCounts {
  Count opened;           ///< Connections established.
  Count reused;           ///< Leases of an idle connection.
  Count connect_failed;   ///< Dials that failed, all addresses tried.
  Count idle_lost;        ///< Idle connections that the endpoint closed or broke.
  Count idle_expired;     ///< Idle connections closed after timeouts.idle.
  Count pending_full;     ///< Requests refused because of pending_max.
  Count pending_timeout;  ///< Requests that waited for a connection in vain.
  Count idle;             ///< Now.
  Count leased;           ///< Now.
  Count pending;          ///< Now.
};

/// A reading of the above, summed over workers.
struct PoolTotals {
  std::uint64_t opened = 0;
  std::uint64_t reused = 0;
  std::uint64_t connect_failed = 0;
  std::uint64_t idle_lost = 0;
  std::uint64_t idle_expired = 0;
  std::uint64_t pending_full = 0;
  std::uint64_t pending_timeout = 0;
  std::uint64_t idle = 0;
  std::uint64_t leased = 0;
  std::uint64_t pending = 0;

  void add(const PoolCounts& counts) noexcept;
  void add(const PoolTotals& other) noexcept;
  friend bool operator==(const PoolTotals&, const PoolTotals&) = default;
};

/// Whether an endpoint gets requests, as far as the configuration decides that.
enum class EndpointStatus : std::uint8_t {
  active,
  draining,  ///< No more of them, but it stays.
  leaving,   ///< It is no part of the upstream any more, and finishes those that it has.
};
std::string_view name(EndpointStatus status) noexcept;

struct EndpointStats {
  std::string name;
  std::vector<std::string> addresses;
  std::uint32_t weight = 1;
  std::optional<Resolution> name_resolution;  ///< Of a host name.
  EndpointStatus status = EndpointStatus::active;
  Health health;
  bool checked = false;  ///< The upstream has a health check.
  std::uint32_t active = 0;
  std::uint32_t connections = 0;
  PoolTotals pool;
  std::uint64_t checks_passed = 0;
  std::uint64_t checks_failed = 0;
  std::uint64_t health_flips = 0;
};

struct UpstreamStats {
  std::string name;
  std::string balance;
  std::vector<EndpointStats> endpoints;
};

class SharedUpstream;

/// Any thread.
UpstreamStats read_stats(SharedUpstream& upstream);

/// As /upstreams shows it.
nlohmann::ordered_json to_json(const UpstreamStats& stats);

}  // namespace sluice::upstream
