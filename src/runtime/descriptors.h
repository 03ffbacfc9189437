// How the process's file descriptors are shared out.
#pragma once

#include <cstdint>

#include "runtime/config.h"

namespace sluice::runtime {

/// What a configuration may come to need.
struct DescriptorNeeds {
  std::uint64_t process = 0;    ///< Sockets that listen, event loops, logs, admin, health checks, pipes.
  std::uint64_t least = 0;      ///< What it cannot do without of that.
  std::uint64_t clients = 0;    ///< limits.connections of all listeners.
  std::uint64_t upstreams = 0;  ///< connections.max of all endpoints.

  std::uint64_t sum() const noexcept { return process + clients + upstreams; }
};

DescriptorNeeds descriptor_needs(const Config& config, unsigned workers);

/// Below this a start is refused: a client that is served needs one, and so does its upstream connection.
std::uint64_t least_descriptor_limit(const DescriptorNeeds& needs) noexcept;

/// Client connections that may be open at a time, over all listeners, and those beyond that are told why
/// they are turned away. Upstream connections keep at least as many as clients, as far as they need them.
struct DescriptorShares {
  std::uint64_t clients = 0;
  std::uint64_t refusals = 0;
};

DescriptorShares share_descriptors(std::uint64_t limit, const DescriptorNeeds& needs);

/// Raises the soft limit of the process to its hard limit, and returns what is in force then.
std::uint64_t raise_descriptor_limit() noexcept;

}  // namespace sluice::runtime
