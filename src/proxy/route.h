// A route as one worker runs it: its chain, where it leads, what is counted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "proxy/chain.h"
#include "proxy/retry_config.h"
#include "proxy/rewrite.h"
#include "proxy/split.h"
#include "telemetry/connection_metrics.h"
#include "telemetry/route_metrics.h"
#include "upstream/upstream.h"

namespace sluice::proxy {

/// An upstream and what this worker counts of it.
struct RouteTarget {
  std::shared_ptr<upstream::Upstream> upstream;
  telemetry::UpstreamMetrics* metrics;
};

/// What a route says about forwarding; shared by workers.
struct RouteSettings {
  std::string name;
  Duration timeout = std::chrono::seconds(60);  ///< From the request's end to the response head.
  std::optional<std::uint64_t> max_body{};      ///< Bytes of the request's body; unset: the listener's limit.
  std::uint64_t buffer_request =
      0;  ///< Bytes of the request's body read before an upstream is asked; 0: none.
  bool allow_encoded_slash = false;          ///< Takes paths with %2F or %5C in them.
  std::optional<RetryConfig> retry{};        ///< Unset: only what no upstream has acted on goes again.
  std::shared_ptr<const Rewrite> rewrite{};  ///< Null: the path goes on as it is.
};

/// Belongs to one worker. Without targets the chain answers.
struct Route {
  RouteSettings settings;
  Chain chain;
  std::vector<RouteTarget> targets;
  Split split;
  telemetry::RouteMetrics& metrics;

  RouteTarget& choose() noexcept { return targets.size() == 1 ? targets.front() : targets[split.next()]; }
};

}  // namespace sluice::proxy
