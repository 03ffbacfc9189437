#include "proxy/client_counts.h"

#include <cstring>
#include <optional>

namespace sluice::proxy {
namespace {

// The first half of an IPv6 address; the last quarter of an IPv4-mapped one, whose first half is empty.
std::optional<std::uint64_t> key_of(const net::Address& client) noexcept {
  const auto bytes = client.ipv6_bytes();
  if (!bytes) return {};
  std::uint64_t key = 0;
  std::memcpy(&key, bytes->data(), sizeof key);
  if (key == 0) std::memcpy(&key, bytes->data() + 12, 4);
  return key;
}

}  // namespace

bool SharedClientCounts::take(const net::Address& client) {
  const auto key = key_of(client);
  if (!key) return true;
  auto& part = part_of(*key);
  std::lock_guard lock(part.mutex);
  auto& count = part.counts[*key];
  if (count >= limit_.load(std::memory_order_relaxed)) return false;
  ++count;
  return true;
}

void SharedClientCounts::give(const net::Address& client) noexcept {
  const auto key = key_of(client);
  if (!key) return;
  auto& part = part_of(*key);
  std::lock_guard lock(part.mutex);
  const auto found = part.counts.find(*key);
  if (found != part.counts.end() && --found->second == 0) part.counts.erase(found);
}

}  // namespace sluice::proxy
