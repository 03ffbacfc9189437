// The access log: workers hand records over, one thread writes them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sluice/metrics.h"
#include "telemetry/access_log_config.h"
#include "telemetry/access_record.h"
#include "telemetry/access_ring.h"
#include "telemetry/missing_lines.h"
#include "telemetry/writer_waker.h"

namespace sluice::telemetry {

class AccessOutput;

/// The end of the log that a worker holds. Its thread only.
class AccessLogPort {
 public:
  AccessLogPort(const AccessLogConfig& config, std::size_t ring_bytes, WriterWaker& waker);

  /// Nobody needs to fill a record for a log that is off.
  bool enabled() const noexcept { return ring_ != nullptr; }

  /// Takes the record, unless it is sampled out, or drops it where the writer cannot follow.
  /// Never waits, never allocates; a system call only when the ring is half full.
  void write(const AccessRecord& record) noexcept;

 private:
  friend class AccessLog;
  bool sampled_out(const AccessRecord& record) noexcept;

  std::unique_ptr<AccessRing> ring_;
  WriterWaker& waker_;
  double keep_;        // Share of successes, 0 to 1.
  double credit_ = 0;  // Of lines; a success is kept when it is whole.
  Counter dropped_;
};

/// One a process. The writer looks at the rings every 100 ms, and at once when one is half full.
/// Whatever was taken is written before the destructor returns. An output that takes nothing for a second
/// is given up while somebody waits for the writer: the destructor, reopen() or flush().
class AccessLog {
 public:
  static constexpr std::size_t default_ring_bytes = 256 * 1024;

  /// Opens the output and starts the writer; no thread and no memory where the output is `none`.
  /// Throws std::runtime_error naming the path for a file that cannot be opened. `ring_bytes` is a
  /// power of two of at least 16 KiB.
  AccessLog(AccessLogConfig config, unsigned workers, std::size_t ring_bytes = default_ring_bytes);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  AccessLogPort& port(unsigned worker) noexcept { return *ports_[worker]; }
  const AccessLogConfig& config() const noexcept { return config_; }

  /// Soon opens the file anew, for log rotation: what was handed over before goes to the old one,
  /// which stays where the new one cannot be opened. Any thread.
  void reopen();

  /// Returns when all that was handed over before is written or given up. Not for workers.
  void flush();

  // For scrapes.
  unsigned workers() const noexcept { return static_cast<unsigned>(ports_.size()); }
  std::uint64_t dropped(unsigned worker) const noexcept { return ports_[worker]->dropped_.value(); }
  std::uint64_t written() const noexcept { return written_.value(); }
  std::uint64_t lost() const noexcept { return lost_.value(); }  ///< Taken, but the output failed.

 private:
  void run();
  void drain();
  void drain(AccessRing& ring);
  void write_batch();
  std::size_t write_out(std::string_view lines);
  bool given_up();
  bool awaited();
  void reopen_output();
  MissingLines::Counts missing() const noexcept;

  AccessLogConfig config_;
  WriterWaker waker_;
  std::vector<std::unique_ptr<AccessLogPort>> ports_;
  std::atomic<bool> stopping_{false};  // Relaxed: the waker orders it.
  std::unique_ptr<AccessOutput> output_;

  // Of the writer.
  std::string batch_;
  std::uint64_t batch_records_ = 0;
  std::optional<TimePoint> stands_still_since_;  // While somebody waits for the writer.
  MissingLines missing_;
  Counter written_;
  Counter lost_;

  std::mutex mutex_;  // Over what control threads ask and the writer has done.
  std::condition_variable answered_;
  std::uint64_t flushes_asked_ = 0, flushes_done_ = 0;
  std::uint64_t reopens_asked_ = 0, reopens_done_ = 0;
  std::thread writer_;
};

}  // namespace sluice::telemetry
