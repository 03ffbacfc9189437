#include "upstream/health/checker.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "codec/h1/client.h"
#include "upstream/health/nap.h"
#include "upstream/health/probe.h"
#include "upstream/health/verdict.h"

namespace sluice::upstream {

/// The checks of one endpoint, one after the other.
class HealthChecker::Check final : public ListHook<> {
 public:
  Check(HealthChecker& owner, std::shared_ptr<SharedEndpoint> endpoint)
      : owner_(owner),
        config_(*owner.upstream_->config().health_check),
        endpoint_(std::move(endpoint)),
        probe_(owner.control_, config_, *endpoint_, owner.make_client_, owner.upstream_->opening(*endpoint_)),
        verdict_(config_),
        nap_(owner.control_) {}

  static Task<void> run(std::unique_ptr<Check> check) { co_await check->repeat(); }

  const SharedEndpoint& endpoint() const noexcept { return *endpoint_; }

  void stop() noexcept {
    stopping_ = true;
    canceller_.cancel();
    nap_.end();
  }

 private:
  Task<void> repeat() {
    // So that many endpoints, and many gateways that start at once, do not check in step.
    co_await nap_.rest(scaled(config_.interval, owner_.rng_.uniform() * config_.jitter.fraction()));
    while (!stopping_) {
      const auto started = owner_.control_.now();
      const auto addresses = endpoint_->addresses();
      const auto result = co_await probe_.run(*addresses, canceller_);
      if (stopping_) break;
      take(result);
      co_await nap_.rest(until_next(started));
    }
  }

  static Duration scaled(Duration duration, double factor) {
    return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor));
  }

  // From begin to begin, but never without a pause.
  Duration until_next(TimePoint started) {
    const auto state = endpoint_->health().load().state;
    const auto pace = config_.interval / static_cast<int>(verdict_.confirming(state));
    const double off = (2 * owner_.rng_.uniform() - 1) * config_.jitter.fraction();
    return std::max(scaled(pace, 1 + off) - (owner_.control_.now() - started), pace / 10);
  }

  void take(ProbeResult result) {
    auto& counts = endpoint_->checks();
    (result.passed() ? counts.passed : counts.failed).add();
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(owner_.control_.wall().time_since_epoch());
    const auto before = endpoint_->health().load();
    const auto after = verdict_.take(before, result, static_cast<std::uint32_t>(now.count()));
    owner_.upstream_->set_health(*endpoint_, after);
    if (before.usable() != after.usable()) report_flip(after);
  }

  void report_flip(const Health& health) {
    endpoint_->checks().flips.add();
    const auto& endpoint = endpoint_->name();
    const auto line =
        health.usable() ? fmt::format("upstream {}: {} is healthy again", owner_.upstream_->name(), endpoint)
                        : fmt::format("upstream {}: {} is unhealthy: {}", owner_.upstream_->name(), endpoint,
                                      health.text());
    owner_.log_(!health.usable(), line);
  }

  HealthChecker& owner_;
  const HealthCheckConfig& config_;
  const std::shared_ptr<SharedEndpoint> endpoint_;
  Probe probe_;
  Verdict verdict_;
  Nap nap_;
  Canceller canceller_;
  bool stopping_ = false;
};

HealthChecker::HealthChecker(net::Loop& control, Rng& rng, std::shared_ptr<SharedUpstream> upstream, Log log,
                             MakeClient make_client)
    : control_(control),
      rng_(rng),
      upstream_(std::move(upstream)),
      log_(or_process_log(std::move(log))),
      make_client_(make_client ? make_client : &codec::h1::make_client) {}

HealthChecker::~HealthChecker() { assert(checks_.size() == 0 && "checks are stopped and joined first"); }

void HealthChecker::sync() {
  if (!upstream_->config().health_check) return;
  std::unordered_set<EndpointId> checked;
  running_.each([&](Check& check) {
    if (check.endpoint().has_left()) return check.stop();
    checked.insert(check.endpoint().id());
  });
  const auto set = upstream_->endpoints();
  for (const auto& endpoint : set->endpoints) {
    if (checked.contains(endpoint->id())) continue;
    auto check = std::make_unique<Check>(*this, endpoint);
    running_.push_back(*check);
    checks_.spawn(Check::run(std::move(check)));
  }
}

void HealthChecker::stop() noexcept {
  running_.each([](Check& check) { check.stop(); });
}

}  // namespace sluice::upstream
