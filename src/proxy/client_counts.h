// Connections by client address, over all workers.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "net/address.h"

namespace sluice::proxy {

/// What limits.connections_per_client is held against. A client is an IPv4 address or an IPv6 /64, which is
/// the least that a subscriber gets (RFC 6177 2); unix sockets are not counted. Asked once a connection, so
/// a lock does. Any thread.
class SharedClientCounts {
 public:
  explicit SharedClientCounts(std::uint64_t limit) noexcept : limit_(limit) {}

  void set_limit(std::uint64_t limit) noexcept { limit_.store(limit, std::memory_order_relaxed); }

  /// False where the client has as many as it may.
  bool take(const net::Address& client);
  /// For each take() that was true.
  void give(const net::Address& client) noexcept;

 private:
  using Key = std::uint64_t;
  struct Part {
    std::mutex mutex;
    std::unordered_map<Key, std::uint64_t> counts;  // none is 0
  };
  Part& part_of(Key key) noexcept { return parts_[(key * 0x9e3779b97f4a7c15u) >> 60]; }

  std::atomic<std::uint64_t> limit_;  // relaxed: what is there beyond a lower limit goes on
  std::array<Part, 16> parts_;
};

}  // namespace sluice::proxy
