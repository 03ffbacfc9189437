// A configuration compiled for all workers: immutable, made on the control thread.
#pragma once

#include <memory>
#include <vector>

#include "conf/problem.h"
#include "proxy/listener.h"
#include "proxy/route.h"
#include "proxy/route_table.h"
#include "runtime/config.h"
#include "sluice/registry.h"
#include "upstream/shared_upstream.h"

namespace sluice::runtime {

/// A route with what its workers' chains are made from.
struct CompiledRoute {
  proxy::RouteSettings settings;
  std::vector<std::shared_ptr<const MiddlewarePlan>> plans;
  std::vector<std::size_t> upstreams;  ///< Indices into Snapshot::upstreams.
  std::vector<unsigned> weights;
};

struct Snapshot {
  Config config;
  std::vector<std::shared_ptr<const proxy::ListenerPlan>> listeners;
  std::vector<std::shared_ptr<upstream::SharedUpstream>> upstreams;
  std::vector<CompiledRoute> routes;
  std::shared_ptr<const proxy::RouteTable> table;
  std::shared_ptr<const MiddlewarePlan> refusal;  ///< Null: problem+json.
};

/// Null where there are problems; all of them are reported.
std::shared_ptr<const Snapshot> compile(Config config, conf::Problems& problems);

/// One worker's parts of a snapshot: its pools, and its gateway over them.
struct WorkerGateway {
  std::vector<std::unique_ptr<upstream::Upstream>> upstreams;
  std::shared_ptr<proxy::Gateway> gateway;
};

/// Control thread; the loop need not run yet.
WorkerGateway build_gateway(const Snapshot& snapshot, const proxy::WorkerParts& parts);

}  // namespace sluice::runtime
