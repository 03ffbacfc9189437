#include "upstream/stats.h"

#include <algorithm>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "conf/scalar.h"
#include "upstream/shared_upstream.h"

namespace sluice::upstream {
namespace {

using Json = nlohmann::ordered_json;

std::string utc(std::time_t when) { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(when)); }

std::string_view state(const Resolution& resolution, bool has_addresses) {
  if (!resolution.failure.empty()) return has_addresses ? "stale" : "unresolved";
  return resolution.answered ? "resolved" : "asked";
}

Json to_json(const Resolution& resolution, bool has_addresses) {
  Json out{{"state", state(resolution, has_addresses)}};
  if (resolution.answered) {
    out["answered"] = utc(std::chrono::system_clock::to_time_t(resolution.answered_at));
    out["ttl"] = sluice::format(resolution.ttl);
  }
  if (!resolution.failure.empty()) out["failure"] = resolution.failure;
  return out;
}

Json to_json(const Health& health, bool checked) {
  const bool never = !checked && health.reason == HealthReason::none;
  Json out{{"state", name(health.state)}, {"reason", never ? "no health check" : health.text()}};
  if (health.since != 0) out["since"] = utc(static_cast<std::time_t>(health.since));
  return out;
}

Json to_json(const EndpointStats& endpoint) {
  const auto& pool = endpoint.pool;
  Json out{{"name", endpoint.name}, {"addresses", endpoint.addresses}};
  if (endpoint.name_resolution) out["dns"] = to_json(*endpoint.name_resolution, !endpoint.addresses.empty());
  out.update({
      {"weight", endpoint.weight},
      {"status", name(endpoint.status)},
      {"health", to_json(endpoint.health, endpoint.checked)},
      {"checks",
       {{"passed", endpoint.checks_passed},
        {"failed", endpoint.checks_failed},
        {"flips", endpoint.health_flips}}},
      {"active_requests", endpoint.active},
      {"pending_requests", pool.pending},
      {"connections", {{"open", endpoint.connections}, {"idle", pool.idle}, {"in_use", pool.leased}}},
      {"totals",
       {{"opened", pool.opened},
        {"reused", pool.reused},
        {"connect_failed", pool.connect_failed},
        {"idle_lost", pool.idle_lost},
        {"idle_expired", pool.idle_expired},
        {"pending_full", pool.pending_full},
        {"pending_timeout", pool.pending_timeout}}},
  });
  return out;
}

EndpointStatus status_of(const SharedEndpoint& endpoint) {
  if (endpoint.has_left()) return EndpointStatus::leaving;
  return endpoint.draining() ? EndpointStatus::draining : EndpointStatus::active;
}

EndpointStats read_endpoint(const SharedEndpoint& endpoint, bool checked) {
  const auto& checks = endpoint.checks();
  const auto addresses = endpoint.addresses();
  EndpointStats out;
  out.name = endpoint.name();
  for (const auto& address : *addresses) out.addresses.push_back(address.to_string());
  if (endpoint.is_named()) out.name_resolution = endpoint.resolution().get();
  out.weight = endpoint.weight();
  out.status = status_of(endpoint);
  out.health = endpoint.health().load();
  out.checked = checked;
  out.active = endpoint.active();
  out.connections = endpoint.connections();
  out.pool = endpoint.counts();
  out.checks_passed = checks.passed.load();
  out.checks_failed = checks.failed.load();
  out.health_flips = checks.flips.load();
  return out;
}

}  // namespace

// A scrape may read between two steps of a worker, so that what went up and down again looks odd by one.
void PoolTotals::add(const PoolCounts& counts) noexcept {
  opened += counts.opened.load();
  reused += counts.reused.load();
  connect_failed += counts.connect_failed.load();
  idle_lost += counts.idle_lost.load();
  idle_expired += counts.idle_expired.load();
  pending_full += counts.pending_full.load();
  pending_timeout += counts.pending_timeout.load();
  idle += counts.idle.load();
  leased += counts.leased.load();
  pending += counts.pending.load();
}

void PoolTotals::add(const PoolTotals& other) noexcept {
  opened += other.opened;
  reused += other.reused;
  connect_failed += other.connect_failed;
  idle_lost += other.idle_lost;
  idle_expired += other.idle_expired;
  pending_full += other.pending_full;
  pending_timeout += other.pending_timeout;
  idle += other.idle;
  leased += other.leased;
  pending += other.pending;
}

std::string_view name(EndpointStatus status) noexcept {
  switch (status) {
    case EndpointStatus::active:
      return "active";
    case EndpointStatus::draining:
      return "draining";
    case EndpointStatus::leaving:
      return "leaving";
  }
  return "active";
}

UpstreamStats read_stats(SharedUpstream& upstream) {
  UpstreamStats out;
  out.name = upstream.name();
  out.balance = enum_spec(upstream.config().balance).name(static_cast<long long>(upstream.config().balance));
  const bool checked = upstream.config().health_check.has_value();
  const auto set = upstream.endpoints();
  for (const auto& endpoint : set->endpoints) out.endpoints.push_back(read_endpoint(*endpoint, checked));
  for (const auto& endpoint : upstream.leaving()) {
    // One that left since the set was read is in both.
    const bool is_listed =
        std::find(set->endpoints.begin(), set->endpoints.end(), endpoint) != set->endpoints.end();
    if (!is_listed) out.endpoints.push_back(read_endpoint(*endpoint, checked));
  }
  return out;
}

Json to_json(const UpstreamStats& stats) {
  Json endpoints = Json::array();
  for (const auto& endpoint : stats.endpoints) endpoints.push_back(to_json(endpoint));
  return {{"name", stats.name}, {"balance", stats.balance}, {"endpoints", std::move(endpoints)}};
}

}  // namespace sluice::upstream
