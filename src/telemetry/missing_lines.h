// What the process log says of access log lines that are missing.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace sluice::telemetry {

/// At once when lines begin to be missing, then at most every 10 s, and once all in all. One thread.
class MissingLines {
 public:
  struct Counts {
    std::uint64_t lost = 0;     ///< The output failed.
    std::uint64_t dropped = 0;  ///< The output did not take them fast enough.

    friend bool operator==(const Counts&, const Counts&) = default;
  };

  explicit MissingLines(std::string output) : output_(std::move(output)) {}

  /// Why lines are lost from here on: the error's text.
  void because(std::string why) { why_ = std::move(why); }

  /// `total` is since the start.
  void report(const Counts& total, TimePoint now);

  /// At the end; nothing where nothing is missing.
  void sum_up(const Counts& total) const;

 private:
  std::string output_;
  std::string why_;
  Counts reported_;
  TimePoint next_ = TimePoint::min();
};

}  // namespace sluice::telemetry
