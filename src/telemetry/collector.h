// The shards as prometheus-cpp sees them.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "telemetry/exposition.h"

namespace sluice::telemetry {

/// Sums the shards at each Collect(), on its thread. For .cc files: it brings prometheus-cpp in.
class Collector final : public prometheus::Collectable {
 public:
  explicit Collector(ExpositionSources sources) : sources_(std::move(sources)) {}

  /// Families in the order of metrics.inc, then those of middlewares by name; series by label
  /// values. Families without series are left out.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  ExpositionSources sources_;
};

}  // namespace sluice::telemetry
