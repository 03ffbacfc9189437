// One route as the configuration says it: what it takes, what it does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/binder.h"
#include "middleware/redirect.h"
#include "middleware/refusal.h"
#include "middleware/request_headers.h"
#include "middleware/respond.h"
#include "middleware/response_headers.h"
#include "proxy/retry_config.h"
#include "proxy/rewrite.h"
#include "proxy/route_match.h"
#include "proxy/route_table.h"

namespace sluice::proxy {

/// One share of a split.
struct UpstreamShare {
  conf::Located<std::string> upstream;  ///< Name; whether it exists is for the whole to check.
  unsigned weight = 1;
  static const conf::ObjectSpec& spec();
};

/// Exactly one of upstream, respond and redirect.
struct RouteConfig {
  std::string name;  ///< Empty until name_routes() has derived one.
  RouteMatch match;
  std::vector<conf::Tagged> middlewares;
  std::vector<UpstreamShare> upstream;  ///< One, or a weighted split.
  std::optional<middleware::Respond> respond;
  std::optional<middleware::Redirect> redirect;
  std::optional<RewriteConfig> rewrite;
  bool grpc_web = false;  ///< Calls of gRPC-Web go on as gRPC.
  std::optional<middleware::Refusal> refusal;
  std::optional<middleware::RequestHeaders> request_headers;
  std::optional<middleware::ResponseHeaders> response_headers;
  std::optional<RetryConfig> retry;
  Duration timeout = std::chrono::seconds{60};  ///< From the end of the request to the response head.
  std::optional<Bytes> max_body;                ///< In place of the listener's limits.body.
  std::optional<Bytes> buffer_request;          ///< Unset: bodies go on as they come.
  bool allow_encoded_slash = false;             ///< Takes paths with %2F or %5C in them.
  conf::Node where;
  static const conf::ObjectSpec& spec();
};

/// Gives every route without a name one that says what it matches ("api.example.com/orders/*"), and
/// reports names that are not unique. A derived name that is taken gets "#2" and so on.
void name_routes(std::vector<RouteConfig>& routes, conf::Problems& problems);

/// What a RouteTable is built from; entry i is that of route i. Borrows the routes.
std::vector<RouteEntry> route_entries(const std::vector<RouteConfig>& routes);

/// Middlewares by the names of the configuration's `middlewares`: one plan for all who use it.
using NamedPlans = std::vector<std::pair<std::string_view, std::shared_ptr<const MiddlewarePlan>>>;

/// One middleware of a chain as it is planned.
struct ChainLink {
  std::shared_ptr<const MiddlewarePlan> plan;
  std::string kind{};         ///< Of one that was defined on the spot; empty for all others.
  std::uint64_t content = 0;  ///< The same: equal for equal settings.
};
using ChainPlans = std::vector<ChainLink>;

/// The plans of a route's chain, outermost first:
///   response_headers   outermost: it has the last word, on refusals of the others too
///   grpc_web           what is inside of it knows gRPC alone
///   refusal            around all that may refuse
///   middlewares        in the order of the file
///   request_headers    innermost of those that go on: it knows the consumer that auth has found
///   redirect, respond  end the chain
/// `named` has every middleware that the route names. `before` is the chain that this one replaces: what was
/// defined on the spot there keeps its plan where its settings are the same, and hands over its state where
/// they are others.
ChainPlans chain_plans(const RouteConfig& route, const NamedPlans& named, const ChainPlans& before = {});

}  // namespace sluice::proxy
