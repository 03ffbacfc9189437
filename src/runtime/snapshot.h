// A configuration compiled for all workers: immutable, made on the control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/problem.h"
#include "proxy/listener.h"
#include "proxy/route_config.h"
#include "proxy/route_table.h"
#include "runtime/changes.h"
#include "runtime/config.h"
#include "sluice/registry.h"
#include "upstream/shared_upstream.h"

namespace sluice::runtime {

/// A route with what its workers' chains are made from. One that a reload leaves as it is, with all that it
/// leads to, goes over into the next snapshot.
struct CompiledRoute {
  proxy::RouteSettings settings;
  proxy::ChainPlans plans;
  std::vector<std::shared_ptr<upstream::SharedUpstream>> upstreams;
  std::vector<unsigned> weights;  ///< Of the upstreams.
};

struct Snapshot {
  Config config;
  Parts parts;      ///< Of the configuration; the lists below are in the same order.
  Changes changes;  ///< What sets it apart from the snapshot that it was compiled to follow.
  std::vector<std::shared_ptr<const proxy::ListenerPlan>> listeners;
  std::vector<std::shared_ptr<upstream::SharedUpstream>> upstreams;
  /// What the upstreams are to be updated to once this is in force; none where it stays as it is.
  std::vector<std::optional<std::vector<upstream::EndpointConfig>>> endpoints;
  std::vector<std::shared_ptr<const MiddlewarePlan>> middlewares;
  std::vector<std::shared_ptr<const CompiledRoute>> routes;
  std::shared_ptr<const proxy::RouteTable> table;
  std::shared_ptr<const MiddlewarePlan> refusal;  ///< Null: problem+json.
};

/// What a listener is known by over reloads: its address, with its name where the system chooses the port.
std::string place_of(const ListenerConfig& listener);

/// Null where there are problems; all of them are reported. What `before` has of the same content is taken
/// from there, with its connections and its state; nothing that is in force is changed. What holds from one
/// start to the next stays as it was there.
std::shared_ptr<const Snapshot> compile(Config config, conf::Problems& problems,
                                        const Snapshot* before = nullptr);

}  // namespace sluice::runtime
