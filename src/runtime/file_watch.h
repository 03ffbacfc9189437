// Tells that the files of a configuration have changed.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "conf/sources.h"
#include "runtime/watched_folders.h"

namespace sluice::runtime {

/// Looks at files when their folders change (inotify), and now and then anyway, since some file systems tell
/// nothing. Where there is no inotify to be had it looks once a second, and says so in one warning.
///
/// What counts is how the files look (conf::Sources): other files beside them may change as they like, and
/// reading changes nothing. A touch does: conf::content_digest() tells whether the bytes are the same.
class FileWatch {
 public:
  struct Settings {
    Duration quiet = std::chrono::milliseconds(100);  ///< Without a change, before one is told.
    Duration longest = std::chrono::seconds(1);       ///< A change is told by then, quiet or not.
    Duration recheck = std::chrono::seconds(5);       ///< Between looks that no event asks for.
    Duration poll = std::chrono::seconds(1);          ///< The same without inotify.
    bool inotify = true;
  };

  /// `changed` is called on a thread of this object's own; it must not throw, nor end the object. Throws
  /// std::system_error where there is no descriptor or thread left.
  explicit FileWatch(std::function<void()> changed);
  FileWatch(std::function<void()> changed, Settings settings);
  /// Returns when no call is under way.
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// These from now on, in place of those before. Tells of whatever differs from how they look in `sources`:
  /// what changed since they were read is not missed. Any thread.
  void watch(conf::Sources sources);

  /// Whether it goes without inotify. Any thread.
  bool polls() const noexcept { return polls_.load(std::memory_order_relaxed); }  // a flag alone

 private:
  enum class Woken : std::uint8_t { by_time, by_events, by_call };

  void run();
  Woken wait(Duration at_most);
  bool take_call();
  void install();
  void look();
  void settle(conf::Sources& now);
  Duration until_next_look() const;
  void wake() noexcept;

  const std::function<void()> changed_;
  const Settings settings_;
  const int wake_;
  std::atomic<bool> polls_;

  std::mutex mutex_;  // of what the thread is called for
  std::optional<conf::Sources> next_;
  bool ends_ = false;

  // The thread's own.
  WatchedFolders folders_;
  conf::Sources seen_;
  TimePoint looked_{};

  std::thread thread_;
};

}  // namespace sluice::runtime
