// Takes a changed configuration into force while the gateway runs, or keeps the one that is.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "conf/problem.h"
#include "runtime/changes.h"
#include "runtime/config.h"

namespace sluice::runtime {

/// What became of a reload: `changes`, or why nothing was changed. With changes, `problems` are of
/// certificates whose files have changed and that were refused: the old ones stay.
struct ReloadOutcome {
  /// With changes: "1 route changed, 0 streams cut, 0 counters reset; 1 certificate problem: what was read
  /// before stays in use".
  std::string summary() const;

  std::optional<Changes> changes;
  conf::Problems problems;
  bool ending = false;  ///< It came to nothing because the gateway ends.
};

/// For /readyz and the metrics.
struct ReloadState {
  std::uint64_t taken = 0;                 ///< Reloads that came into force.
  std::uint64_t refused = 0;               ///< Those that did not.
  WallTime in_force_since{};               ///< Of the configuration.
  std::optional<conf::Problems> problems;  ///< Of the last reload: what the files say is not all in force.

  bool stale() const noexcept { return problems.has_value(); }
};

/// Reloads one at a time, on a thread of its own that gives way to the workers. Those that are asked for
/// while one is under way become one.
class Reloader {
 public:
  using Load = std::function<std::optional<Config>(conf::Problems&)>;
  /// All of it or nothing, as ReloadOutcome says; called on the reloader's thread.
  using Apply = std::function<std::optional<Changes>(Config, conf::Problems&)>;
  using Told = std::function<void(const ReloadOutcome&)>;

  /// Told when a reload begins, and when it has ended; on the reloader's thread.
  using Busy = std::function<void(bool under_way)>;

  Reloader(Load load, Apply apply, Busy busy);
  /// What is asked for before waits until then.
  void start();
  /// The reload that is under way ends first; those that wait are told that they came to nothing.
  ~Reloader();
  void stop();

  /// `by` is for the log: who or what asked. `told` is called once, on the reloader's thread, on the one
  /// that stops it, or after that on this one. Any thread.
  void ask(std::string by, Told told = {});

  /// Any thread.
  ReloadState state() const;

 private:
  struct Wish {
    std::string by;
    Told told;
  };

  void run();
  void reload(std::vector<Wish> wishes);
  ReloadOutcome attempt() noexcept;
  void note(const ReloadOutcome& outcome);

  const Load load_;
  const Apply apply_;
  const Busy busy_;
  mutable std::mutex mutex_;  // guards what follows; no worker takes it
  std::condition_variable wanted_;
  std::vector<Wish> wishes_;
  ReloadState state_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::runtime
