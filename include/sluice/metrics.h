// Metrics of a worker: plain counters that one thread writes and a scrape reads.
//
// Every handle has one writer, the worker that it was made for, so an update is a relaxed load, an
// addition and a relaxed store, never a locked instruction. A scrape on another thread reads with
// relaxed loads: each number is whole, though two numbers may be a moment apart.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/clock.h"

namespace sluice {

/// Only goes up. Its name ends in `_total`.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Goes up and down. Over the workers a scrape gives the sum.
class Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(double n = 1) noexcept { set(value() + n); }
  void sub(double n = 1) noexcept { set(value() - n); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// The inclusive upper bounds of a histogram in its whole unit (nanoseconds, bytes), ascending, at
/// most 32; one more bucket takes what is above. A constant: whoever makes a histogram with it keeps
/// it, and the array behind it, for longer than the histogram.
class Buckets {
 public:
  static constexpr std::size_t max_bounds = 32;

  /// `per_shown` whole units are one of what a scrape shows: 1e9 for nanoseconds shown as seconds.
  constexpr Buckets(std::span<const std::uint64_t> bounds, double per_shown)
      : bounds_(bounds), per_shown_(per_shown) {
    if (bounds.size() > max_bounds) throw "a histogram has at most 32 bounds";
    for (std::size_t i = 1; i < bounds.size(); ++i)
      if (bounds[i] <= bounds[i - 1]) throw "the bounds of a histogram ascend";
    for (std::size_t bits = 0; bits < first_.size(); ++bits) {
      const std::uint64_t smallest = bits == 0 ? 0 : std::uint64_t{1} << (bits - 1);
      std::size_t i = 0;
      while (i < bounds.size() && smallest > bounds[i]) ++i;
      first_[bits] = static_cast<std::uint8_t>(i);
    }
  }

  /// The bucket of a value, bounds().size() for those above all bounds. A few steps at most: the
  /// number of bits says where to begin.
  constexpr std::size_t index(std::uint64_t value) const noexcept {
    std::size_t i = first_[static_cast<std::size_t>(std::bit_width(value))];
    while (i < bounds_.size() && value > bounds_[i]) ++i;
    return i;
  }

  constexpr std::span<const std::uint64_t> bounds() const noexcept { return bounds_; }
  constexpr double shown(std::uint64_t value) const noexcept {
    return static_cast<double>(value) / per_shown_;
  }

 private:
  std::span<const std::uint64_t> bounds_;
  double per_shown_;
  std::array<std::uint8_t, 65> first_{};
};

namespace detail {
constexpr std::uint64_t us = 1'000, ms = 1'000'000, sec = 1'000'000'000;
inline constexpr std::uint64_t duration_bounds[] = {
    250 * us,  500 * us, 1 * ms,  2 * ms,   3 * ms,    5 * ms,   7500 * us, 10 * ms,  15 * ms,  20 * ms,
    30 * ms,   50 * ms,  75 * ms, 100 * ms, 150 * ms,  200 * ms, 300 * ms,  500 * ms, 750 * ms, 1 * sec,
    1500 * ms, 2 * sec,  3 * sec, 5 * sec,  7500 * ms, 10 * sec, 15 * sec,  30 * sec, 60 * sec};
inline constexpr std::uint64_t short_bounds[] = {10 * us,  25 * us, 50 * us,   100 * us, 250 * us,
                                                 500 * us, 1 * ms,  2500 * us, 5 * ms,   10 * ms,
                                                 25 * ms,  50 * ms, 100 * ms,  250 * ms, 1 * sec};
inline constexpr std::uint64_t size_bounds[] = {256,     1 << 10, 4 << 10,  16 << 10, 64 << 10,  256 << 10,
                                                1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20, 1 << 30};
}  // namespace detail

/// Of requests: quantiles from 0.25 ms to 60 s are right within a factor of two, mostly 1.5.
inline constexpr Buckets duration_buckets{detail::duration_bounds, 1e9};
/// Of short work: 10 us to 1 s.
inline constexpr Buckets short_duration_buckets{detail::short_bounds, 1e9};
/// Of bodies: 256 bytes to 1 GiB.
inline constexpr Buckets size_buckets{detail::size_bounds, 1.0};

/// How values are spread over buckets. The sum is kept in whole units, so it is exact.
class Histogram {
 public:
  explicit Histogram(const Buckets& buckets) noexcept : buckets_(&buckets) {}

  void observe(std::uint64_t value) noexcept {
    counts_[buckets_->index(value)].add();
    sum_.add(value);
  }
  /// In nanoseconds; a negative duration counts as zero.
  void observe(Duration value) noexcept {
    observe(value.count() < 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(value.count()));
  }

  const Buckets& buckets() const noexcept { return *buckets_; }
  /// Of one bucket alone, not of all below it; `bucket` is at most buckets().bounds().size().
  std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket].value(); }
  std::uint64_t sum() const noexcept { return sum_.value(); }

 private:
  const Buckets* buckets_;
  Counter sum_;
  std::array<Counter, Buckets::max_bounds + 1> counts_;
};

/// One label of a metric. The views need to live only for the call that takes them.
struct Label {
  std::string_view name;
  std::string_view value;
};

/// The labels of a metric: `{{"route", "orders"}}`, or any array of Label. A view.
class Labels {
 public:
  Labels() = default;
  Labels(std::initializer_list<Label> labels) noexcept : labels_(labels.begin(), labels.size()) {}
  Labels(std::span<const Label> labels) noexcept : labels_(labels) {}
  Labels(const std::vector<Label>& labels) noexcept : labels_(labels) {}

  auto begin() const noexcept { return labels_.begin(); }
  auto end() const noexcept { return labels_.end(); }
  std::size_t size() const noexcept { return labels_.size(); }

 private:
  std::span<const Label> labels_;
};

/// Where a middleware gets its metrics, when it is built: one set a worker. Names and help follow
/// the Prometheus conventions; `sluice_` begins the names of what sluice itself brings. Label
/// values must come from the configuration, never from a request: each makes a series that stays.
///
/// The same name with the same labels gives the same metric, across reloads too, so nothing starts
/// again from zero. References live as long as the set, which is as long as the worker. Throws
/// std::invalid_argument for a name or label that Prometheus forbids, and for a name that is taken
/// by another type, other buckets or a metric of the gateway itself.
class MetricSet {
 public:
  virtual ~MetricSet() = default;

  virtual Counter& counter(std::string_view name, std::string_view help, Labels labels = {}) = 0;
  virtual Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {}) = 0;
  virtual Histogram& histogram(std::string_view name, std::string_view help, const Buckets& buckets,
                               Labels labels = {}) = 0;
};

}  // namespace sluice
