#include "upstream/upstream.h"

#include <algorithm>
#include <utility>

#include "codec/h1/client.h"
#include "telemetry/log.h"

namespace sluice::upstream {

Upstream::Upstream(std::shared_ptr<SharedUpstream> shared, net::Loop& loop, Rng& rng, MakeClient make_client)
    : shared_(std::move(shared)), balancer_(make_balancer(config().balance, shared_->size(), rng.next())) {
  if (!make_client) make_client = &codec::h1::make_client;
  candidates_.reserve(shared_->size());
  for (std::size_t i = 0; i < shared_->size(); ++i)
    pools_.push_back(std::make_unique<EndpointPool>(
        EndpointPool::Parts{config(), shared_->endpoint(i), i, loop, make_client, shared_->opening(i)}));
  const auto version = shared_->version();
  refresh(version, *shared_->endpoints());
}

Upstream::~Upstream() = default;

std::optional<std::size_t> Upstream::pick(PickContext& context) noexcept {
  refresh_if_changed();
  return balancer_->pick(view_, context);
}

Task<Result<Lease>> Upstream::connect(std::size_t index, LeaseOptions options) {
  refresh_if_changed();
  return pools_[index]->lease(options);
}

std::optional<Lease> Upstream::reuse(std::size_t index, PrivateConnections* client) noexcept {
  return pools_[index]->reuse(client);
}

void Upstream::report_no_descriptors(TimePoint now) {
  if (const auto count = shared_->no_descriptors().due(now)) {
    log::error(
        "upstream {}: no file descriptor was left for a connection, {} time{}; raise LimitNOFILE (ulimit -n)",
        name(), *count, *count == 1 ? "" : "s");
  }
}

void Upstream::retire() noexcept {
  for (auto& pool : pools_) pool->retire();
}

Task<void> Upstream::drained() {
  for (auto& pool : pools_) co_await pool->drained();
}

bool Upstream::in_use() const noexcept {
  return std::any_of(pools_.begin(), pools_.end(), [](const auto& pool) { return pool->in_use(); });
}

bool Upstream::has_ended() const noexcept {
  return std::all_of(pools_.begin(), pools_.end(), [](const auto& pool) { return pool->has_ended(); });
}

// The version is read before the set: what is published in between is seen at the next look.
void Upstream::refresh_if_changed() noexcept {
  const auto version = shared_->version();
  if (version == version_) return;
  if (const auto set = shared_->try_endpoints()) refresh(version, *set);
}

void Upstream::refresh(std::uint64_t version, const EndpointSet& set) {
  version_ = version;
  for (std::size_t i = 0; i < pools_.size(); ++i) pools_[i]->set_addresses(set.addresses[i]);
  list_candidates(set, true);
  // Where no name has resolved, connecting says so better than "no healthy endpoint" would.
  if (candidates_.empty()) list_candidates(set, false);
}

void Upstream::list_candidates(const EndpointSet& set, bool resolved) {
  candidates_.clear();
  view_ = {};
  for (std::size_t i = 0; i < pools_.size(); ++i) {
    const auto& endpoint = pools_[i]->endpoint();
    if (set.addresses[i].empty() == resolved || !endpoint.health().load().usable()) continue;
    candidates_.push_back({static_cast<std::uint32_t>(i), endpoint.weight(), &endpoint});
    view_.total_weight += endpoint.weight();
    view_.equal_weights = view_.equal_weights && endpoint.weight() == candidates_.front().weight;
  }
  view_.candidates = candidates_;
}

}  // namespace sluice::upstream
