// The folders on the way to files, and the names in them that count.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "conf/sources.h"

namespace sluice::runtime {

/// inotify watches of folders, never of files: a file that is replaced is another file, its name stays. Every
/// folder from the root on counts by the one name in it that the way goes through, and so does every link's:
///
///     /etc/sluice/a.yaml -> ..data/a.yaml, ..data -> ..2026_01
///     / etc    /etc sluice    /etc/sluice a.yaml, ..data, ..2026_01    /etc/sluice/..2026_01 a.yaml
///
/// One thread.
class WatchedFolders {
 public:
  WatchedFolders();
  ~WatchedFolders();
  WatchedFolders(const WatchedFolders&) = delete;
  WatchedFolders& operator=(const WatchedFolders&) = delete;

  /// Watches the ways to these files as they are now, in place of all others. The errno of the system where
  /// it grants no more; then nothing is watched.
  int set(const conf::Sources& sources);

  /// Readable when there is something to take(). -1: nothing is watched.
  int descriptor() const noexcept { return descriptor_; }

  /// Takes what has happened; whether any of it is of a name that counts.
  bool take();

 private:
  struct Names {
    std::unordered_set<std::string> exact;
    std::vector<std::string> patterns;
    bool counts(const std::string& name) const;
  };
  class Ways;

  int watch(const std::map<std::string, Names>& folders);
  void close() noexcept;

  int descriptor_ = -1;
  std::unordered_map<int, Names> names_;  // by watch
};

}  // namespace sluice::runtime
