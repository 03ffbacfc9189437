// The process log: few lines for operators, on stderr. Not for requests, which have the access log.
//
//   log::info("listening on {}", address);
//   if (auto count = complaint_.due(loop.now())) log::warn("{} accepts failed", *count);
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/clock.h"

namespace sluice::conf {
class EnumSpec;
class ObjectSpec;
}  // namespace sluice::conf

namespace sluice::log {

enum class Level : std::uint8_t { trace, debug, info, warn, error, off };
enum class Format : std::uint8_t { text, json };
const conf::EnumSpec& enum_spec(Level);
const conf::EnumSpec& enum_spec(Format);

/// The `log` block of the configuration.
struct Config {
  Level level = Level::info;
  Format format = Format::text;

  static const conf::ObjectSpec& spec();
  friend bool operator==(const Config&, const Config&) = default;
};

/// Holds from here on, in every thread. Before the first call: the defaults.
void configure(const Config& config);

bool enabled(Level level) noexcept;

/// One line, whatever the message holds: control characters are escaped. Any thread; takes a lock
/// and makes a system call, so on a worker only for what is rare.
void write(Level level, std::string_view message) noexcept;

template <class... Args>
void print(Level level, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  print(Level::debug, format, std::forward<Args>(args)...);
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  print(Level::info, format, std::forward<Args>(args)...);
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  print(Level::warn, format, std::forward<Args>(args)...);
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  print(Level::error, format, std::forward<Args>(args)...);
}

/// Lets an event through at most once an interval, for hot spots. A member of whoever complains;
/// one thread.
class Every {
 public:
  explicit Every(Duration interval) noexcept : interval_(interval) {}

  /// Counts an event. When it may be logged: how many there were since the last time, this one
  /// included.
  std::optional<std::uint64_t> due(TimePoint now) noexcept {
    ++count_;
    if (now < next_) return std::nullopt;
    next_ = now + interval_;
    return std::exchange(count_, 0);
  }

 private:
  Duration interval_;
  TimePoint next_ = TimePoint::min();
  std::uint64_t count_ = 0;
};

/// The same for any number of threads.
class SharedEvery {
 public:
  explicit SharedEvery(Duration interval) noexcept : interval_(interval) {}

  std::optional<std::uint64_t> due(TimePoint now) noexcept {
    // Relaxed: counts and a time by themselves, nothing is published by them.
    count_.fetch_add(1, std::memory_order_relaxed);
    auto next = next_.load(std::memory_order_relaxed);
    const auto due = now.time_since_epoch().count();
    if (due < next ||
        !next_.compare_exchange_strong(next, due + interval_.count(), std::memory_order_relaxed)) {
      return std::nullopt;
    }
    return count_.exchange(0, std::memory_order_relaxed);
  }

 private:
  const Duration interval_;
  std::atomic<Duration::rep> next_{std::numeric_limits<Duration::rep>::min()};
  std::atomic<std::uint64_t> count_{0};
};

inline Every every(Duration interval) noexcept { return Every(interval); }

}  // namespace sluice::log
