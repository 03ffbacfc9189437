#include "upstream/shared_upstream.h"

#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace sluice::upstream {
namespace {

using Present = std::unordered_map<std::string, std::shared_ptr<SharedEndpoint>>;

Present by_key(const EndpointSet& set) {
  Present present;
  present.reserve(set.endpoints.size());
  for (const auto& endpoint : set.endpoints) present.emplace(endpoint_key(endpoint->name()), endpoint);
  return present;
}

void take_over(SharedEndpoint& endpoint, const EndpointConfig& config, EndpointChanges& changes) {
  if (endpoint.weight() != config.weight) {
    endpoint.set_weight(config.weight);
    changes.reweighted.push_back(endpoint.name());
  }
  if (endpoint.draining() != config.drain) {
    endpoint.set_draining(config.drain);
    (config.drain ? changes.drained : changes.resumed).push_back(endpoint.name());
  }
}

}  // namespace

SharedUpstream::SharedUpstream(std::string name, UpstreamConfig config, TlsContext tls)
    : name_(std::move(name)),
      config_(std::move(config)),
      tls_(std::move(tls)),
      set_(std::make_shared<const EndpointSet>()) {
  update(config_.endpoints);
}

Opening SharedUpstream::opening(const SharedEndpoint& endpoint) const {
  Opening opening{.proxy_header = config_.proxy_protocol,
                  .tls = tls_,
                  .server_name = {},
                  .h2_only = config_.protocol == Protocol::h2};
  if (tls_) opening.server_name = config_.tls->server_name.value_or(endpoint.address().host);
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

EndpointChanges SharedUpstream::update(const std::vector<EndpointConfig>& wanted) {
  EndpointChanges changes;
  const auto before = endpoints();
  auto left = by_key(*before);
  auto set = std::make_shared<EndpointSet>();
  std::unordered_set<std::string> seen;
  for (const auto& config : wanted) {
    auto key = endpoint_key(config.address);
    if (const auto present = left.extract(key)) {
      take_over(*present.mapped(), config, changes);
      set->endpoints.push_back(present.mapped());
    } else if (!seen.contains(key)) {
      set->endpoints.push_back(make_endpoint(config));
      changes.added.push_back(config.address);
    }
    seen.insert(std::move(key));
  }
  set->places = places_;
  Endpoints removed;
  for (const auto& endpoint : before->endpoints) {
    if (!left.contains(endpoint_key(endpoint->name()))) continue;
    removed.push_back(endpoint);
    changes.removed.push_back(endpoint->name());
  }
  if (set->endpoints != before->endpoints) {
    replace(std::move(set), removed);
  } else if (!changes.empty()) {
    changed();
  }
  return changes;
}

std::shared_ptr<SharedEndpoint> SharedUpstream::make_endpoint(const EndpointConfig& config) {
  EndpointId id = places_;
  if (free_ids_.empty()) {
    ++places_;
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
  }
  return std::make_shared<SharedEndpoint>(config, config_.connections, id);
}

void SharedUpstream::replace(std::shared_ptr<const EndpointSet> set, const Endpoints& removed) {
  for (const auto& endpoint : removed) {
    endpoint->leave();
    free_ids_.push_back(successor(endpoint->id()));
  }
  std::lock_guard lock(mutex_);
  add_gone();
  set_ = std::move(set);
  leaving_.insert(leaving_.end(), removed.begin(), removed.end());
  changed();
  for (auto* follower : followers_) follower->wake();
}

std::vector<EndpointConfig> SharedUpstream::written() const {
  std::vector<EndpointConfig> list;
  const auto set = endpoints();
  for (const auto& endpoint : set->endpoints)
    list.push_back({endpoint->name(), endpoint->weight(), endpoint->draining()});
  return list;
}

std::vector<std::shared_ptr<SharedEndpoint>> SharedUpstream::leaving() {
  std::lock_guard lock(mutex_);
  add_gone();
  return leaving_;
}

void SharedUpstream::forget_gone() noexcept {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock) add_gone();
}

// Nobody gets hold of one whose only owner is this list, but through the mutex.
void SharedUpstream::add_gone() noexcept {
  std::erase_if(leaving_, [this](const auto& endpoint) {
    if (endpoint.use_count() != 1) return false;
    gone_.add(endpoint->counts());
    return true;
  });
}

// What is held here stays in its place until it has been read.
PoolTotals SharedUpstream::totals() {
  std::unique_lock lock(mutex_);
  add_gone();
  const auto set = set_;
  const auto leaving = leaving_;
  auto totals = gone_;
  lock.unlock();
  for (const auto& endpoint : set->endpoints) totals.add(endpoint->counts());
  for (const auto& endpoint : leaving) totals.add(endpoint->counts());
  return totals;
}

void SharedUpstream::publish(SharedEndpoint& endpoint, Addresses addresses) {
  endpoint.set_addresses(std::move(addresses));
  changed();
}

void SharedUpstream::set_health(SharedEndpoint& endpoint, const Health& health) {
  const auto before = endpoint.health().load();
  endpoint.health().store(health);
  if (before.usable() != health.usable()) changed();
}

void SharedUpstream::enroll(SharedFollower& follower) {
  std::lock_guard lock(mutex_);
  followers_.push_back(&follower);
}

void SharedUpstream::dismiss(SharedFollower& follower) noexcept {
  std::lock_guard lock(mutex_);
  std::erase(followers_, &follower);
}

}  // namespace sluice::upstream
