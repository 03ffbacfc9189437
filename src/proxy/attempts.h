// The attempts of one exchange at its upstream: where each goes, and whether there is another.
//
//   nobody can have acted on it      another endpoint, or a fresh connection; three in all, whatever the
//                                    route says
//   the route's `retry` covers it    another endpoint where there is one; within its attempts, its time, what
//                                    was kept of the body, and the budget of the upstream
#pragma once

#include <optional>

#include "base/rng.h"
#include "http/reason.h"
#include "proxy/live_exchange.h"
#include "upstream/balancer.h"

namespace sluice::proxy {

/// Lives as long as the exchange looks for a response.
class Attempts {
 public:
  Attempts(LiveExchange& live, RouteTarget& target, Rng& rng) noexcept
      : live_(live), target_(target), rng_(rng) {}

  /// The next one, and an idle connection for it if there is one. False: no endpoint is left.
  bool begin();

  RouteTarget& target() const noexcept { return target_; }
  upstream::EndpointId endpoint() const noexcept { return endpoint_; }  ///< Of the last one.
  bool fresh() const noexcept { return fresh_; }                        ///< It wants a new connection.

  // Whether there may be another after what the last one came to: no connection, no response head, or one.
  bool again_after_connect(const Error& error);
  bool again_after_loss(const Error& error);
  bool again_after_response();

  http::Refusal failure;  ///< Of the last one.

 private:
  std::optional<upstream::EndpointId> pick();
  std::optional<RetryCause> cause_of(const Error& error) const noexcept;
  bool goes_again_in_any_case(const Error& error);
  bool grant();
  bool deny(telemetry::RetryRefusal why) noexcept;

  LiveExchange& live_;
  RouteTarget& target_;
  Rng& rng_;
  upstream::TriedSet tried_;
  upstream::EndpointId endpoint_ = 0;
  bool same_ = false;  // the next goes to that endpoint once more
  bool fresh_ = false;
  unsigned unreached_ = 0;           // endpoints
  unsigned granted_ = 0;             // attempts that the route's `retry` has brought
  bool is_granted_ = false;          // the next is one of them
  std::optional<RetryCause> cause_;  // of the next
};

}  // namespace sluice::proxy
