#include "telemetry/family_builder.h"

#include <limits>
#include <type_traits>

#include "base/text.h"

namespace sluice::telemetry {
namespace {

prometheus::MetricType shown_type(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return prometheus::MetricType::Counter;
    case MetricType::gauge:
      return prometheus::MetricType::Gauge;
    case MetricType::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::MetricType shown_type(MetricRegistry::Type type) {
  switch (type) {
    case MetricRegistry::Type::counter:
      return prometheus::MetricType::Counter;
    case MetricRegistry::Type::gauge:
      return prometheus::MetricType::Gauge;
    case MetricRegistry::Type::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

void put(prometheus::MetricType type, double number, prometheus::ClientMetric& metric) {
  if (type == prometheus::MetricType::Counter) metric.counter.value = number;
  if (type == prometheus::MetricType::Gauge) metric.gauge.value = number;
}

std::vector<std::string> split_labels(std::string_view labels) {
  std::vector<std::string> names;
  while (!labels.empty()) {
    const std::size_t comma = std::min(labels.find(','), labels.size());
    names.emplace_back(trim(labels.substr(0, comma)));
    labels.remove_prefix(std::min(comma + 1, labels.size()));
  }
  return names;
}

}  // namespace

void HistogramSum::add(const Histogram& histogram) noexcept {
  buckets_ = &histogram.buckets();
  for (std::size_t i = 0; i <= buckets_->bounds().size(); ++i) counts_[i] += histogram.count(i);
  sum_ += histogram.sum();
}

std::uint64_t HistogramSum::count() const noexcept {
  std::uint64_t count = 0;
  for (const std::uint64_t n : counts_) count += n;
  return count;
}

prometheus::ClientMetric::Histogram HistogramSum::shown() const {
  prometheus::ClientMetric::Histogram shown;
  if (buckets_ == nullptr) return shown;
  const auto bounds = buckets_->bounds();
  shown.bucket.reserve(bounds.size() + 1);
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    shown.sample_count += counts_[i];
    const double bound =
        i < bounds.size() ? buckets_->shown(bounds[i]) : std::numeric_limits<double>::infinity();
    shown.bucket.push_back({shown.sample_count, bound});
  }
  shown.sample_sum = buckets_->shown(sum_);
  return shown;
}

FamilyBuilder::FamilyBuilder() {
  for (const MetricSpec& spec : all_metrics()) {
    families_.push_back({std::string(spec.name), std::string(spec.help), shown_type(spec.type), {}});
    label_names_.push_back(split_labels(spec.labels));
  }
}

void FamilyBuilder::number(Metric metric, Values values, double number) {
  put(shown_type(spec(metric).type), number, series(metric, values));
}

void FamilyBuilder::histogram(Metric metric, Values values, const HistogramSum& sum) {
  series(metric, values).histogram = sum.shown();
}

std::vector<prometheus::MetricFamily> FamilyBuilder::take() {
  std::erase_if(families_, [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
  return std::move(families_);
}

prometheus::ClientMetric& FamilyBuilder::series(Metric metric, Values values) {
  const auto index = static_cast<std::size_t>(metric);
  prometheus::ClientMetric& made = families_[index].metric.emplace_back();
  made.label.reserve(values.size());
  auto name = label_names_[index].begin();
  for (const std::string_view value : values) made.label.push_back({*name++, std::string(value)});
  return made;
}

void RegistrySum::add(const MetricRegistry& registry) {
  registry.each([this](const MetricRegistry::Family& family) {
    Family& sum = families_.try_emplace(family.name, Family{family.help, family.type, {}}).first->second;
    for (const auto& series : family.series) {
      Sum& into = sum.series[series.labels];
      std::visit(
          [&into](const auto& metric) {
            if constexpr (std::is_same_v<std::decay_t<decltype(metric)>, Histogram>) {
              into.histogram.add(metric);
            } else {
              into.number += static_cast<double>(metric.value());
            }
          },
          series.metric);
    }
  });
}

void RegistrySum::append_to(std::vector<prometheus::MetricFamily>& families) const {
  for (const auto& [name, family] : families_) {
    auto& made = families.emplace_back();
    made = {name, family.help, shown_type(family.type), {}};
    for (const auto& [labels, sum] : family.series) {
      auto& metric = made.metric.emplace_back();
      for (const auto& [label, value] : labels) metric.label.push_back({label, value});
      put(made.type, sum.number, metric);
      if (made.type == prometheus::MetricType::Histogram) metric.histogram = sum.histogram.shown();
    }
  }
}

}  // namespace sluice::telemetry
