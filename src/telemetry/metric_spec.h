// Every metric that the gateway itself has, one line each: the text exposition and docs/metrics.md
// both come from here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::telemetry {

enum class Metric : std::uint8_t {
#define SLUICE_METRIC(id, type, name, labels, help) id,
#include "telemetry/metrics.inc"
#undef SLUICE_METRIC
  count_,  ///< One more than the last; no metric.
};

enum class MetricType : std::uint8_t { counter, gauge, histogram };

struct MetricSpec {
  MetricType type;
  std::string_view name;
  std::string_view labels;  ///< Comma-separated.
  std::string_view help;
};

const MetricSpec& spec(Metric metric) noexcept;
std::span<const MetricSpec> all_metrics() noexcept;

/// The metric names of the gateway are not for middlewares.
bool is_reserved(std::string_view name) noexcept;

/// A Markdown table of all of them, the part of docs/metrics.md that a test compares.
std::string metrics_markdown();

}  // namespace sluice::telemetry
