// An upstream as one worker sees it: picks an endpoint, lends a connection to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "net/loop.h"
#include "upstream/balancer.h"
#include "upstream/lease.h"
#include "upstream/pool.h"
#include "upstream/retry_budget.h"
#include "upstream/shared_upstream.h"
#include "upstream/wakeup.h"

namespace sluice::upstream {

/// One a worker and upstream; loop's thread only, once built. Follows what becomes of the endpoints: at each
/// request, and when it is woken. Outlives its leases and what awaits
/// connect(): destroy it when it is not in_use() and drained().
class Upstream final : private SharedFollower {
 public:
  /// Control or loop thread. `make_client` wraps a connected transport; HTTP/1.1 by default.
  Upstream(std::shared_ptr<SharedUpstream> shared, net::Loop& loop, Rng& rng,
           MakeClient make_client = nullptr);
  ~Upstream() override;

  std::string_view name() const noexcept { return shared_->name(); }
  const UpstreamConfig& config() const noexcept { return shared_->config(); }
  SharedUpstream& shared() noexcept { return *shared_; }

  /// The endpoint that the next attempt goes to. Nothing: none is usable, or all usable ones were tried
  /// (http::Reason::no_healthy_endpoint). `tried` of the context is not changed.
  std::optional<EndpointId> pick(PickContext& context) noexcept;

  /// A connection to the endpoint: an idle one, or a new one, or the next that comes free. Await it at once.
  /// Errors (all but `cancelled` are retry_safe, no byte was sent):
  ///   refused, unreachable, reset, timed_out, ...  Side::upstream  dialing failed (every address was tried)
  ///   unresolved   Side::upstream  the name has no address yet
  ///   removed      Side::upstream  the endpoint has left, before or while waiting; pick another
  ///   too_large    Side::us        pending_max requests wait already (Reason upstream_pending_full)
  ///   timed_out    Side::us        waited for a free connection until the deadline
  ///   no_descriptors, no_memory    Side::us
  ///   cancelled    Side::us        by options.canceller
  Task<Result<Lease>> connect(EndpointId id, LeaseOptions options = {});

  /// An idle connection where there is one: what connect() gives without waiting, as a plain call.
  std::optional<Lease> reuse(EndpointId id, PrivateConnections* client = nullptr) noexcept;

  /// For a connect() that failed so: into the process log, of all workers at most one line every 10 s.
  void report_no_descriptors(TimePoint now);

  /// Of one just picked; copy it, for the endpoint may leave.
  std::string_view endpoint_name(EndpointId id) const noexcept;
  /// How many there are, whatever their state.
  std::size_t size() const noexcept { return set_->endpoints.size(); }

  RetryBudget& retry_budget() noexcept { return retry_budget_; }

  /// Closes idle connections, and returned ones from now on. Leases go on.
  void retire() noexcept;
  /// A lease is out or somebody waits for one.
  bool in_use() const noexcept;
  /// After retire(), once it is not in use: until its connections have ended. Await it before destroying.
  Task<void> drained();

 private:
  using Pools = std::vector<std::unique_ptr<EndpointPool>>;  // by place_of() their endpoints

  void wake() noexcept override { wakeup_.call(); }
  void refresh_if_changed() noexcept;
  void refresh(std::uint64_t version, std::shared_ptr<const EndpointSet> set);
  void follow(std::shared_ptr<const EndpointSet> set);
  std::unique_ptr<EndpointPool> make_pool(const std::shared_ptr<SharedEndpoint>& endpoint);
  void see_off(Pools& left);
  Task<void> see_off(EndpointPool& pool, Duration patience);
  void list_candidates(bool resolved);
  EndpointPool* find(EndpointId id) const noexcept;

  const std::shared_ptr<SharedUpstream> shared_;
  net::Loop& loop_;
  const MakeClient make_client_;
  std::uint64_t version_ = 0;
  std::shared_ptr<const EndpointSet> set_;
  std::unique_ptr<Balancer> balancer_;
  std::vector<Candidate> candidates_;
  EndpointView view_;
  Pools pools_;
  Pools leaving_;  // in no order; each with a task that sees it off
  TaskGroup farewells_;
  bool retired_ = false;
  RetryBudget retry_budget_;
  Wakeup wakeup_;
};

}  // namespace sluice::upstream
