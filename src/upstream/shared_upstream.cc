#include "upstream/shared_upstream.h"

#include <utility>

namespace sluice::upstream {
namespace {

Addresses known_addresses(const SharedEndpoint& endpoint) {
  const auto address = net::Address::parse(endpoint.name());
  return address ? Addresses{*address} : Addresses{};
}

}  // namespace

SharedUpstream::SharedUpstream(std::string name, UpstreamConfig config, TlsContext tls)
    : name_(std::move(name)),
      config_(std::move(config)),
      tls_(std::move(tls)),
      checks_(new CheckCounts[config_.endpoints.size()]) {
  EndpointSet set;
  for (const auto& endpoint : config_.endpoints) {
    endpoints_.push_back(std::make_unique<SharedEndpoint>(endpoint, config_.connections));
    set.addresses.push_back(known_addresses(*endpoints_.back()));
  }
  set_ = std::make_shared<const EndpointSet>(std::move(set));
}

Opening SharedUpstream::opening(std::size_t index) const {
  Opening opening{.proxy_header = config_.proxy_protocol,
                  .tls = tls_,
                  .server_name = {},
                  .h2_only = config_.protocol == Protocol::h2};
  if (tls_) opening.server_name = config_.tls->server_name.value_or(endpoints_[index]->address().host);
  return opening;
}

std::shared_ptr<const EndpointSet> SharedUpstream::endpoints() const {
  std::lock_guard lock(mutex_);
  return set_;
}

std::shared_ptr<const EndpointSet> SharedUpstream::try_endpoints() const noexcept {
  std::unique_lock lock(mutex_, std::try_to_lock);
  return lock ? set_ : nullptr;
}

void SharedUpstream::publish(std::size_t index, Addresses addresses) {
  {
    std::lock_guard lock(mutex_);
    auto set = std::make_shared<EndpointSet>(*set_);
    set->addresses[index] = std::move(addresses);
    set_ = std::move(set);
  }
  version_.fetch_add(1, std::memory_order_release);
}

void SharedUpstream::set_health(std::size_t index, const Health& health) {
  const auto before = endpoints_[index]->health().load();
  endpoints_[index]->health().store(health);
  if (before.usable() != health.usable()) version_.fetch_add(1, std::memory_order_release);
}

}  // namespace sluice::upstream
