// What the kernel says of this process.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::telemetry {

/// Read when asked; what cannot be read is zero.
struct ProcessStats {
  double cpu_seconds = 0;  ///< User and system.
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;      ///< The soft limit.
  double start_time_seconds = 0;  ///< Unix time.
};

/// Linux: from /proc/self. Tens of microseconds; not for workers.
ProcessStats read_process_stats();

/// The CPU, memory and start fields of a /proc/PID/stat line, whose command name may hold anything.
/// `boot_seconds` is the Unix time of the boot.
void parse_stat_line(std::string_view line, double boot_seconds, ProcessStats& into);

}  // namespace sluice::telemetry
