// Metric families under construction. For .cc files: it brings prometheus-cpp in.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/metric_family.h>

#include "sluice/metrics.h"
#include "telemetry/metric_registry.h"
#include "telemetry/metric_spec.h"

namespace sluice::telemetry {

/// One histogram over the shards.
class HistogramSum {
 public:
  void add(const Histogram& histogram) noexcept;
  std::uint64_t count() const noexcept;
  prometheus::ClientMetric::Histogram shown() const;

 private:
  const Buckets* buckets_ = nullptr;
  std::array<std::uint64_t, Buckets::max_bounds + 1> counts_{};
  std::uint64_t sum_ = 0;
};

/// The families of metrics.inc. Label values are given in the order of the metric's labels.
class FamilyBuilder {
 public:
  using Values = std::initializer_list<std::string_view>;

  FamilyBuilder();
  void number(Metric metric, Values values, double number);
  void histogram(Metric metric, Values values, const HistogramSum& sum);

  /// Those that have series.
  std::vector<prometheus::MetricFamily> take();

 private:
  prometheus::ClientMetric& series(Metric metric, Values values);

  std::vector<prometheus::MetricFamily> families_;
  std::vector<std::vector<std::string>> label_names_;
};

/// The families that middlewares made, summed over the registries.
class RegistrySum {
 public:
  void add(const MetricRegistry& registry);
  void append_to(std::vector<prometheus::MetricFamily>& families) const;

 private:
  struct Sum {
    double number = 0;
    HistogramSum histogram;
  };
  struct Family {
    std::string help;
    MetricRegistry::Type type;
    std::map<MetricRegistry::LabelValues, Sum> series;
  };
  std::map<std::string, Family> families_;
};

}  // namespace sluice::telemetry
