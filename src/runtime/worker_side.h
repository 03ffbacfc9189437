// What one worker serves with under a snapshot.
#pragma once

#include <memory>
#include <vector>

#include "base/rng.h"
#include "net/loop.h"
#include "proxy/generation.h"
#include "runtime/snapshot.h"
#include "telemetry/shard.h"
#include "upstream/upstream.h"

namespace sluice::runtime {

/// One worker's parts of a snapshot.
struct WorkerSide {
  std::vector<std::shared_ptr<upstream::Upstream>> upstreams;  ///< Of Snapshot::upstreams, in their order.
  std::shared_ptr<const proxy::Generation> generation;
};

/// What a worker's parts are built with; the loop may run meanwhile.
struct SideParts {
  net::Loop& loop;
  telemetry::Shard& shard;
  Rng& rng;  ///< Of the caller.
};

/// Control thread. What both snapshots share is taken over from the side of `before`.
WorkerSide build_side(const Snapshot& snapshot, const SideParts& parts, const Snapshot* before = nullptr,
                      const WorkerSide* side_before = nullptr);

}  // namespace sluice::runtime
