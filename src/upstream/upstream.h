// An upstream as one worker sees it: picks an endpoint, lends a connection to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/task.h"
#include "net/loop.h"
#include "upstream/balancer.h"
#include "upstream/lease.h"
#include "upstream/pool.h"
#include "upstream/retry_budget.h"
#include "upstream/shared_upstream.h"

namespace sluice::upstream {

/// One a worker and upstream; loop's thread only, once built. Outlives its leases and what awaits
/// connect(): destroy it when it is not in_use() and drained().
class Upstream {
 public:
  /// Control or loop thread. `make_client` wraps a connected transport; HTTP/1.1 by default.
  Upstream(std::shared_ptr<SharedUpstream> shared, net::Loop& loop, Rng& rng,
           MakeClient make_client = nullptr);
  ~Upstream();

  std::string_view name() const noexcept { return shared_->name(); }
  const UpstreamConfig& config() const noexcept { return shared_->config(); }
  SharedUpstream& shared() noexcept { return *shared_; }

  /// The endpoint that the next attempt goes to, by index. Nothing: none is usable, or all usable
  /// ones were tried (http::Reason::no_healthy_endpoint). `tried` of the context is not changed.
  std::optional<std::size_t> pick(PickContext& context) noexcept;

  /// A connection to the endpoint: an idle one, or a new one, or the next that comes free.
  /// Errors (all but `cancelled` are retry_safe, no byte was sent):
  ///   refused, unreachable, reset, timed_out, ...  Side::upstream  dialing failed (every address was tried)
  ///   unresolved   Side::upstream  the name has no address yet
  ///   too_large    Side::us        pending_max requests wait already (Reason upstream_pending_full)
  ///   timed_out    Side::us        waited for a free connection until the deadline
  ///   no_descriptors, no_memory    Side::us
  ///   cancelled    Side::us        by options.canceller
  Task<Result<Lease>> connect(std::size_t index, LeaseOptions options = {});

  /// An idle connection where there is one: what connect() gives without waiting, as a plain call.
  std::optional<Lease> reuse(std::size_t index, PrivateConnections* client = nullptr) noexcept;

  /// For a connect() that failed so: into the process log, of all workers at most one line every 10 s.
  void report_no_descriptors(TimePoint now);

  std::string_view endpoint_name(std::size_t index) const noexcept { return shared_->endpoint(index).name(); }

  RetryBudget& retry_budget() noexcept { return retry_budget_; }

  /// Closes idle connections, and returned ones from now on. Leases go on.
  void retire() noexcept;
  /// A lease is out or somebody waits for one.
  bool in_use() const noexcept;
  /// After retire(), once it is not in use: until its connections have ended. Await it before destroying.
  Task<void> drained();
  /// Nothing of it is used and nothing runs: after retire() it may be destroyed.
  bool has_ended() const noexcept;

 private:
  void refresh_if_changed() noexcept;
  void refresh(std::uint64_t version, const EndpointSet& set);
  void list_candidates(const EndpointSet& set, bool resolved);

  std::shared_ptr<SharedUpstream> shared_;
  std::uint64_t version_ = 0;
  std::unique_ptr<Balancer> balancer_;
  std::vector<Candidate> candidates_;  // capacity for all endpoints
  EndpointView view_;
  std::vector<std::unique_ptr<EndpointPool>> pools_;
  RetryBudget retry_budget_;
};

}  // namespace sluice::upstream
