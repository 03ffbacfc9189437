// What a configuration was read from, and how that looked: for noticing that it changed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_stamp.h"

namespace sluice::conf {

/// The files and patterns, each with how it looked. Equal ones: nothing seems to have changed.
class Sources {
 public:
  /// To be called before the file is read, so that no change is missed; the first look counts. A relative
  /// path is made absolute. Files that do not exist count too: they may come.
  void add(const std::filesystem::path& file);
  /// Files may come and go that match. `matches` as they were found.
  void add_pattern(const std::filesystem::path& pattern, std::vector<std::string> matches);

  /// The same, looked at now.
  Sources again() const;

  const std::map<std::string, FileStamp>& files() const noexcept { return files_; }
  const std::map<std::string, std::vector<std::string>>& patterns() const noexcept { return patterns_; }
  bool empty() const noexcept { return files_.empty() && patterns_.empty(); }

  friend bool operator==(const Sources&, const Sources&) = default;

 private:
  std::map<std::string, FileStamp> files_;                    // by absolute path
  std::map<std::string, std::vector<std::string>> patterns_;  // by absolute pattern: the matches
};

/// Equal for equal contents, as they are now, under the same names: a touch does not change it. For this
/// process alone.
std::uint64_t content_digest(const Sources& sources);

/// Of paths: `*` and `?` (never for a slash or a leading dot), `[]`; a backslash takes the meaning away.
bool is_pattern(std::string_view path) noexcept;
/// The path as a pattern that only it matches.
std::string escape_pattern(std::string_view path);
/// What matches, in the order of the bytes. `complete` is false where a folder on the way cannot be read.
struct Matches {
  std::vector<std::string> paths;
  bool complete = true;
};
Matches match_paths(const std::string& pattern);

}  // namespace sluice::conf
