#include "upstream/endpoint.h"

#include <algorithm>
#include <string>
#include <utility>

namespace sluice::upstream {
namespace {

// The port is left out where the scheme implies it (RFC 9110 7.2); IPv6 goes in brackets.
std::string host_field(const EndpointAddress& address) {
  if (!address.unix_path.empty()) return "localhost";
  const bool ipv6 = address.host.find(':') != std::string::npos;
  std::string host = ipv6 ? "[" + address.host.substr(0, address.host.find('%')) + "]" : address.host;
  return address.port == 80 ? host : host + ":" + std::to_string(address.port);
}

// Never above the limit, not even for a moment: another thread might fail to get the place that is free.
bool add_below(std::atomic<std::uint32_t>& count, std::uint32_t limit) noexcept {
  auto now = count.load();
  while (now < limit)
    if (count.compare_exchange_weak(now, now + 1)) return true;
  return false;
}

Addresses known_addresses(const std::string& name) {
  const auto address = net::Address::parse(name);
  return address ? Addresses{*address} : Addresses{};
}

}  // namespace

SharedEndpoint::SharedEndpoint(const EndpointConfig& config, const ConnectionsConfig& limits, EndpointId id)
    : id_(id),
      name_(config.address),
      address_(parse_endpoint_address(config.address).value_or(EndpointAddress{})),
      host_(host_field(address_)),
      named_(!net::Address::parse(config.address)),
      limits_(limits),
      weight_(config.weight),
      draining_(config.drain),
      addresses_(std::make_shared<const Addresses>(known_addresses(name_))) {}

std::shared_ptr<const Addresses> SharedEndpoint::addresses() const {
  std::lock_guard lock(addresses_mutex_);
  return addresses_;
}

std::shared_ptr<const Addresses> SharedEndpoint::try_addresses() const noexcept {
  std::unique_lock lock(addresses_mutex_, std::try_to_lock);
  return lock ? addresses_ : nullptr;
}

void SharedEndpoint::set_addresses(Addresses addresses) {
  auto next = std::make_shared<const Addresses>(std::move(addresses));
  {
    std::lock_guard lock(addresses_mutex_);
    addresses_.swap(next);
  }
  addresses_version_.fetch_add(1, std::memory_order_release);
}

bool SharedEndpoint::take_slot() noexcept { return add_below(connections_, limits_.max); }

void SharedEndpoint::give_slot() noexcept {
  connections_.fetch_sub(1);
  if (waiting_.load() > 0) wake_pools();
}

bool SharedEndpoint::begin_wait() noexcept { return add_below(waiting_, limits_.pending_max); }

void SharedEndpoint::end_wait() noexcept { waiting_.fetch_sub(1); }

std::size_t SharedEndpoint::idle_share() const noexcept {
  const auto pools = std::max(1U, pool_count_.load(std::memory_order_relaxed));
  return (limits_.idle_max + pools - 1) / pools;
}

void SharedEndpoint::enroll(SharedPool& pool) {
  std::lock_guard lock(pools_mutex_);
  pools_.push_back(&pool);
  pool_count_.store(static_cast<std::uint32_t>(pools_.size()), std::memory_order_relaxed);
}

void SharedEndpoint::dismiss(SharedPool& pool) noexcept {
  std::lock_guard lock(pools_mutex_);
  std::erase(pools_, &pool);
  pool_count_.store(static_cast<std::uint32_t>(pools_.size()), std::memory_order_relaxed);
  gone_.add(pool.counts());
}

void SharedEndpoint::wake_pools(const SharedPool* except) noexcept {
  std::lock_guard lock(pools_mutex_);
  for (auto* pool : pools_)
    if (pool != except) pool->wake();
}

PoolTotals SharedEndpoint::counts() const {
  std::lock_guard lock(pools_mutex_);
  PoolTotals totals = gone_;
  for (const auto* pool : pools_) totals.add(pool->counts());
  return totals;
}

}  // namespace sluice::upstream
