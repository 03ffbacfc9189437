// Keeps the process below its memory ceiling, and gives back what it no longer needs.
#pragma once

#include <cstdint>
#include <functional>

#include "base/memory_pressure.h"
#include "net/loop.h"

namespace sluice::runtime {

/// Looks at the resident memory ten times a second, and more often the fuller it is. Above nine tenths of the
/// ceiling there is pressure, until it is below eight tenths: gateways refuse new work meanwhile, and once a
/// second all that is idle is let go. Memory that a load has left behind goes back to the system when the
/// load has halved.
class MemoryWatch final : private Timer {
 public:
  /// How the watch sees the process and acts on it; called on the loop's thread.
  struct Process {
    std::function<std::uint64_t()> resident;  ///< Bytes.
    std::function<std::uint64_t()> load;      ///< Connections and exchanges.
    std::function<void()> shed;               ///< Lets idle connections go.
    std::function<void()>
        release;  ///< Frees what workers keep for the next load; may take effect a little later.
    std::function<void()> trim;  ///< Gives what is free back to the system.
  };

  /// `ceiling` in bytes; 0: none.
  MemoryWatch(net::Loop& loop, SharedMemoryPressure& pressure, std::uint64_t ceiling, Process process);

  void start() { on_timer(); }

 private:
  void on_timer() noexcept override;
  void look();
  void enter(std::uint64_t resident);
  void leave(std::uint64_t resident);
  void relieve();
  void release(Duration moment);
  void follow_load(std::uint64_t resident);

  net::Loop& loop_;
  SharedMemoryPressure& pressure_;
  const std::uint64_t ceiling_;
  const Process process_;
  TimePoint relieved_{};  // the last time; zero: not yet under this pressure
  TimePoint trim_at_ = TimePoint::max();
  TimePoint halved_at_ = TimePoint::max();  // max(): the load has not
  std::uint64_t most_load_ = 0;             // since memory was last given back
  std::uint64_t rests_at_ = UINT64_MAX;     // resident memory after that; at first, the least seen
};

/// The process itself, without `load`, `shed` and `release`.
MemoryWatch::Process this_process();

}  // namespace sluice::runtime
