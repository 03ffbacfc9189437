// Where requests go under one configuration, on one worker.
#pragma once

#include <memory>
#include <vector>

#include "proxy/route.h"
#include "proxy/route_table.h"
#include "sluice/middleware.h"

namespace sluice::proxy {

/// Built on the control thread, which keeps it until no worker begins exchanges with it any more. Routes that
/// a reload leaves as they are go over into the next generation; an exchange holds its route, not its
/// generation.
struct Generation {
  std::shared_ptr<const RouteTable> table;
  std::vector<std::shared_ptr<Route>> routes;  ///< routes[i] is where entry i of the table leads.
  /// Is shown every response before the chain of its route, and has no slots. Null: problem+json.
  std::shared_ptr<Middleware> refusal;
};

}  // namespace sluice::proxy
