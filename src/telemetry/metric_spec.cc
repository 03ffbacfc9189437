#include "telemetry/metric_spec.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::telemetry {
namespace {

constexpr MetricType counter = MetricType::counter, gauge = MetricType::gauge,
                     histogram = MetricType::histogram;

constexpr MetricSpec specs[] = {
#define SLUICE_METRIC(id, type, name, labels, help) {type, name, labels, help},
#include "telemetry/metrics.inc"
#undef SLUICE_METRIC
};

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::histogram:
      return "histogram";
  }
  return "";
}

}  // namespace

const MetricSpec& spec(Metric metric) noexcept { return specs[static_cast<std::size_t>(metric)]; }

std::span<const MetricSpec> all_metrics() noexcept { return specs; }

bool is_reserved(std::string_view name) noexcept {
  return std::any_of(std::begin(specs), std::end(specs), [&](const MetricSpec& s) { return s.name == name; });
}

std::string metrics_markdown() {
  std::string out = "| metric | type | labels | what it says |\n| --- | --- | --- | --- |\n";
  for (const MetricSpec& s : specs)
    out += fmt::format("| `{}` | {} | {} | {} |\n", s.name, type_name(s.type), s.labels, s.help);
  return out;
}

}  // namespace sluice::telemetry
