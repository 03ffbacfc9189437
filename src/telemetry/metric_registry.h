// The metrics that middlewares make: one registry a worker.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sluice/metrics.h"

namespace sluice::telemetry {

/// Made and found on the control thread, read by scrapes: those two take a lock. The worker that
/// writes the metrics has its references and takes none.
class MetricRegistry final : public MetricSet {
 public:
  using LabelValues = std::vector<std::pair<std::string, std::string>>;
  enum class Type : std::uint8_t { counter, gauge, histogram };

  /// Own cache line: the neighbour may belong to another worker.
  struct alignas(64) Series {
    LabelValues labels;  ///< Sorted by name.
    std::variant<Counter, Gauge, Histogram> metric;
    Series(LabelValues l, Type type, const Buckets* buckets);
  };
  struct Family {
    std::string name, help;
    Type type;
    const Buckets* buckets;  ///< Null unless a histogram.
    std::deque<Series> series{};
    Family(std::string n, std::string h, Type t, const Buckets* b)
        : name(std::move(n)), help(std::move(h)), type(t), buckets(b) {}
  };

  Counter& counter(std::string_view name, std::string_view help, Labels labels = {}) override;
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {}) override;
  Histogram& histogram(std::string_view name, std::string_view help, const Buckets& buckets,
                       Labels labels = {}) override;

  /// Each family, in the order of making. For any thread but the worker's.
  void each(const std::function<void(const Family&)>& visit) const;

 private:
  struct Wanted {
    Type type;
    std::string_view name, help;
    const Buckets* buckets;
  };
  Series& series(const Wanted& wanted, Labels labels);
  Family& family(const Wanted& wanted);

  mutable std::mutex mutex_;
  std::deque<Family> families_;
};

}  // namespace sluice::telemetry
