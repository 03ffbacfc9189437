#include "upstream/upstream.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "codec/h1/client.h"
#include "telemetry/log.h"

namespace sluice::upstream {
namespace {

constexpr std::size_t kSeenOffAtOnce = 16;  // pools whose connections are closed in one millisecond

}  // namespace

Upstream::Upstream(std::shared_ptr<SharedUpstream> shared, net::Loop& loop, Rng& rng, MakeClient make_client)
    : shared_(std::move(shared)),
      loop_(loop),
      make_client_(make_client ? make_client : &codec::h1::make_client),
      set_(std::make_shared<const EndpointSet>()),
      balancer_(make_balancer(config().balance, rng.next())),
      wakeup_(loop, [this] { refresh(shared_->version(), shared_->endpoints()); }) {
  shared_->enroll(*this);
  const auto version = shared_->version();
  refresh(version, shared_->endpoints());
}

Upstream::~Upstream() { shared_->dismiss(*this); }

std::optional<EndpointId> Upstream::pick(PickContext& context) noexcept {
  refresh_if_changed();
  return balancer_->pick(view_, context);
}

Task<Result<Lease>> Upstream::connect(EndpointId id, LeaseOptions options) {
  refresh_if_changed();
  if (auto* pool = find(id)) return pool->lease(options);
  return Task<Result<Lease>>::done(Error{Fault::removed, Side::upstream, true});
}

std::optional<Lease> Upstream::reuse(EndpointId id, PrivateConnections* client) noexcept {
  auto* pool = find(id);
  return pool ? pool->reuse(client) : std::nullopt;
}

std::string_view Upstream::endpoint_name(EndpointId id) const noexcept {
  auto* pool = find(id);
  return pool ? pool->endpoint().name() : std::string_view();
}

void Upstream::report_no_descriptors(TimePoint now) {
  if (const auto count = shared_->no_descriptors().due(now)) {
    log::error(
        "upstream {}: no file descriptor was left for a connection, {} time{}; raise LimitNOFILE (ulimit -n)",
        name(), *count, *count == 1 ? "" : "s");
  }
}

void Upstream::retire() noexcept {
  retired_ = true;
  for (auto& pool : pools_)
    if (pool) pool->retire();
}

// Who is woken now would make pools and see others off while they are awaited.
Task<void> Upstream::drained() {
  shared_->dismiss(*this);
  wakeup_.stop();
  for (auto& pool : pools_)
    if (pool) co_await pool->drained();
  co_await farewells_.join();
}

bool Upstream::in_use() const noexcept {
  const auto used = [](const auto& pool) { return pool && pool->in_use(); };
  return std::any_of(pools_.begin(), pools_.end(), used) ||
         std::any_of(leaving_.begin(), leaving_.end(), used);
}

EndpointPool* Upstream::find(EndpointId id) const noexcept {
  const auto place = place_of(id);
  auto* pool = place < pools_.size() ? pools_[place].get() : nullptr;
  return pool && pool->id() == id ? pool : nullptr;
}

// ---- following the endpoints ----

// The version is read before the set: what is published in between is seen at the next look.
void Upstream::refresh_if_changed() noexcept {
  const auto version = shared_->version();
  if (version == version_) return;
  if (auto set = shared_->try_endpoints()) refresh(version, std::move(set));
}

void Upstream::refresh(std::uint64_t version, std::shared_ptr<const EndpointSet> set) {
  if (set != set_) follow(std::move(set));
  bool complete = true;
  for (const auto& endpoint : set_->endpoints)
    complete = pools_[place_of(endpoint->id())]->refresh_addresses() && complete;
  if (complete) version_ = version;
  list_candidates(true);
  // Where no name has resolved, connecting says so better than "no healthy endpoint" would.
  if (candidates_.empty()) list_candidates(false);
}

void Upstream::follow(std::shared_ptr<const EndpointSet> set) {
  set_ = std::move(set);
  Pools before(set_->places);
  before.swap(pools_);
  for (const auto& endpoint : set_->endpoints) {
    const auto place = place_of(endpoint->id());
    const bool stays = place < before.size() && before[place] && before[place]->id() == endpoint->id();
    pools_[place] = stays ? std::move(before[place]) : make_pool(endpoint);
  }
  balancer_->make_room(set_->places);
  candidates_.reserve(set_->endpoints.size());
  see_off(before);
}

std::unique_ptr<EndpointPool> Upstream::make_pool(const std::shared_ptr<SharedEndpoint>& endpoint) {
  auto pool = std::make_unique<EndpointPool>(
      EndpointPool::Parts{config(), endpoint, loop_, make_client_, shared_->opening(*endpoint)});
  if (retired_) pool->retire();
  return pool;
}

void Upstream::see_off(Pools& left) {
  std::size_t number = 0;
  for (auto& pool : left) {
    if (!pool) continue;
    auto& leaves = *pool;
    leaving_.push_back(std::move(pool));
    leaves.send_waiting_away();
    farewells_.spawn(see_off(leaves, std::chrono::milliseconds(number++ / kSeenOffAtOnce)));
  }
}

// A thousand endpoints with idle connections would hold the worker up if they were all closed in one turn.
Task<void> Upstream::see_off(EndpointPool& pool, Duration patience) {
  co_await loop_.sleep(patience);
  pool.retire();
  co_await pool.drained();
  std::erase_if(leaving_, [&](const auto& one) { return one.get() == &pool; });
  shared_->forget_gone();
}

void Upstream::list_candidates(bool resolved) {
  candidates_.clear();
  view_ = {};
  for (const auto& shared : set_->endpoints) {
    const auto& endpoint = *shared;
    if (pools_[place_of(endpoint.id())]->has_address() != resolved) continue;
    if (endpoint.draining() || !endpoint.health().load().usable()) continue;
    candidates_.push_back({endpoint.id(), &endpoint, endpoint.weight()});
    view_.total_weight += candidates_.back().weight;
    view_.equal_weights = view_.equal_weights && candidates_.back().weight == candidates_.front().weight;
  }
  view_.candidates = candidates_;
}

}  // namespace sluice::upstream
