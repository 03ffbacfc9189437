// Active health checks of one upstream, on the control loop.
#pragma once

#include <memory>

#include "base/intrusive_list.h"
#include "base/rng.h"
#include "base/task.h"
#include "net/loop.h"
#include "upstream/log.h"
#include "upstream/pool.h"
#include "upstream/shared_upstream.h"

namespace sluice::upstream {

/// Checks each endpoint every `interval`, give or take `jitter`. The first result decides at once;
/// later `healthy_after` or `unhealthy_after` results in a row change the state. While a change is
/// being confirmed, checks come `threshold` times as often, so that a change is seen within two
/// intervals whatever the threshold. Flips are logged and counted. Those that drain are checked too.
class HealthChecker {
 public:
  HealthChecker(net::Loop& control, Rng& rng, std::shared_ptr<SharedUpstream> upstream, Log log,
                MakeClient make_client = nullptr);
  /// Must have been stopped and joined.
  ~HealthChecker();

  /// Checks the endpoints that the upstream has now: at the start, and after each SharedUpstream::update().
  /// Those that are checked already go on. Loop's thread. Does nothing where the upstream has no
  /// health_check.
  void sync();

  /// Ends all checks soon; await join() before destroying.
  void stop() noexcept;
  auto join() noexcept { return checks_.join(); }

 private:
  class Check;
  net::Loop& control_;
  Rng& rng_;
  std::shared_ptr<SharedUpstream> upstream_;
  const Log log_;
  const MakeClient make_client_;
  IntrusiveList<Check> running_;  // each owned by its task
  TaskGroup checks_;
};

}  // namespace sluice::upstream
