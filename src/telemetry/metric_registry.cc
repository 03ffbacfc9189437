#include "telemetry/metric_registry.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "base/text.h"
#include "telemetry/metric_spec.h"

namespace sluice::telemetry {
namespace {

[[noreturn]] void refuse(std::string_view name, std::string_view why) {
  throw std::invalid_argument(fmt::format("metric {}: {}", in_quotes(name), why));
}

/// The Prometheus data model: letters, digits and underscores, no digit first; colons are for
/// recording rules.
bool is_word(std::string_view text) noexcept {
  return !text.empty() && !is_digit(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; });
}

MetricRegistry::LabelValues sorted(std::string_view metric, Labels labels) {
  MetricRegistry::LabelValues values;
  for (const Label& label : labels) {
    if (!is_word(label.name) || label.name.starts_with("__") || label.name == "le")
      refuse(metric, fmt::format("{} cannot be a label", in_quotes(label.name)));
    values.emplace_back(label.name, label.value);
  }
  std::sort(values.begin(), values.end());
  const auto twice = std::adjacent_find(values.begin(), values.end(),
                                        [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != values.end()) refuse(metric, fmt::format("label {} is there twice", in_quotes(twice->first)));
  return values;
}

}  // namespace

MetricRegistry::Series::Series(LabelValues l, Type type, const Buckets* buckets) : labels(std::move(l)) {
  if (type == Type::gauge) metric.emplace<Gauge>();
  if (type == Type::histogram) metric.emplace<Histogram>(*buckets);
}

Counter& MetricRegistry::counter(std::string_view name, std::string_view help, Labels labels) {
  if (!name.ends_with("_total")) refuse(name, "the name of a counter ends in _total");
  return std::get<Counter>(series({Type::counter, name, help, nullptr}, labels).metric);
}

Gauge& MetricRegistry::gauge(std::string_view name, std::string_view help, Labels labels) {
  if (name.ends_with("_total")) refuse(name, "only the name of a counter ends in _total");
  return std::get<Gauge>(series({Type::gauge, name, help, nullptr}, labels).metric);
}

Histogram& MetricRegistry::histogram(std::string_view name, std::string_view help, const Buckets& buckets,
                                     Labels labels) {
  if (name.ends_with("_total")) refuse(name, "only the name of a counter ends in _total");
  return std::get<Histogram>(series({Type::histogram, name, help, &buckets}, labels).metric);
}

MetricRegistry::Series& MetricRegistry::series(const Wanted& wanted, Labels labels) {
  LabelValues values = sorted(wanted.name, labels);
  const std::lock_guard lock(mutex_);
  Family& home = family(wanted);
  for (Series& known : home.series)
    if (known.labels == values) return known;
  return home.series.emplace_back(std::move(values), wanted.type, wanted.buckets);
}

MetricRegistry::Family& MetricRegistry::family(const Wanted& wanted) {
  for (Family& known : families_) {
    if (known.name != wanted.name) continue;
    if (known.type != wanted.type) refuse(wanted.name, "the name is taken by a metric of another type");
    if (known.buckets != nullptr && !std::ranges::equal(known.buckets->bounds(), wanted.buckets->bounds()))
      refuse(wanted.name, "the name is taken by a histogram with other buckets");
    return known;
  }
  if (!is_word(wanted.name)) refuse(wanted.name, "Prometheus allows letters, digits and underscores");
  if (is_reserved(wanted.name)) refuse(wanted.name, "the name belongs to the gateway itself");
  return families_.emplace_back(std::string(wanted.name), std::string(wanted.help), wanted.type,
                                wanted.buckets);
}

void MetricRegistry::each(const std::function<void(const Family&)>& visit) const {
  const std::lock_guard lock(mutex_);
  for (const Family& one : families_) visit(one);
}

}  // namespace sluice::telemetry
