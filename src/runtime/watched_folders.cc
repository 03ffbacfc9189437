#include "runtime/watched_folders.h"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

namespace sluice::runtime {
namespace {

constexpr unsigned kMostLinks = 40;  // as the kernel has it

// Not IN_MODIFY: a log file beside the configuration would wake us with every line.
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                  IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

bool matches(const std::string& pattern, const std::string& name) {
  return fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

std::string below(const std::string& folder, std::string_view name) {
  auto path = folder;
  if (!path.ends_with('/')) path += '/';
  return path.append(name);
}

std::string parent_of(const std::string& folder) { return std::filesystem::path(folder).parent_path(); }

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    if (const auto part = path.substr(at, end - at); !part.empty() && part != ".") parts.emplace_back(part);
    at = end + 1;
  }
  return parts;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code ignored;  // the folder is watched by its name, for when it comes
  for (std::filesystem::directory_iterator at(folder, ignored), end; !ignored && at != end;
       at.increment(ignored))
    names.push_back(at->path().filename().string());
  return names;
}

enum class What : std::uint8_t { nothing, link, other };

What what_is(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return What::nothing;
  return S_ISLNK(status.st_mode) ? What::link : What::other;
}

}  // namespace

bool WatchedFolders::Names::counts(const std::string& name) const {
  return exact.contains(name) || std::any_of(patterns.begin(), patterns.end(),
                                             [&](const auto& pattern) { return matches(pattern, name); });
}

// Collects the names by folder, along the ways. Folders are written without links.
class WatchedFolders::Ways {
 public:
  void add_file(const std::string& path) {
    const auto parent = parent_of(path);
    auto known = parents_.find(parent);
    if (known == parents_.end()) known = parents_.emplace(parent, follow("/", parent, 0)).first;
    if (known->second) follow(*known->second, std::filesystem::path(path).filename().string(), 0);
  }
  void add_pattern(const std::string& pattern) { spread("/", parts_of(pattern), 0); }

  const std::map<std::string, Names>& folders() const noexcept { return folders_; }

 private:
  // Where the path leads from a folder; nothing where it ends on the way.
  std::optional<std::string> follow(std::string folder, const std::string& path, unsigned links) {
    for (const auto& part : parts_of(path)) {
      auto next = step(folder, part, links);
      if (!next) return {};
      folder = std::move(*next);
    }
    return folder;
  }

  std::optional<std::string> step(const std::string& folder, const std::string& name, unsigned links) {
    if (name == "..") return parent_of(folder);
    folders_[folder].exact.insert(name);
    auto path = below(folder, name);
    const auto what = what_is(path);
    if (what == What::nothing || links == kMostLinks) return {};
    if (what == What::other) return path;
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(path, gone).string();
    if (gone) return {};
    return follow(target.starts_with('/') ? "/" : folder, target, links + 1);
  }

  void spread(std::string folder, const std::vector<std::string>& parts, std::size_t at) {
    for (; at < parts.size(); ++at) {
      const auto& part = parts[at];
      if (conf::is_pattern(part) || part.find('\\') != part.npos) break;
      auto next = step(folder, part, 0);
      if (!next) return;
      folder = std::move(*next);
    }
    if (at == parts.size()) return;
    folders_[folder].patterns.push_back(parts[at]);
    for (const auto& name : names_in(folder)) {
      if (!matches(parts[at], name)) continue;
      if (const auto next = step(folder, name, 0)) spread(*next, parts, at + 1);
    }
  }

  std::map<std::string, Names> folders_;
  std::map<std::string, std::optional<std::string>> parents_;  // where they lead
};

WatchedFolders::WatchedFolders() = default;

WatchedFolders::~WatchedFolders() { close(); }

void WatchedFolders::close() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  names_.clear();
}

int WatchedFolders::set(const conf::Sources& sources) {
  Ways ways;
  for (const auto& [path, stamp] : sources.files()) ways.add_file(path);
  for (const auto& [pattern, found] : sources.patterns()) ways.add_pattern(pattern);
  if (descriptor_ < 0) descriptor_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  const int error = descriptor_ < 0 ? errno : watch(ways.folders());
  if (error != 0) close();
  return error;
}

int WatchedFolders::watch(const std::map<std::string, Names>& folders) {
  std::unordered_map<int, Names> names;
  for (const auto& [folder, counting] : folders) {
    const int watch = inotify_add_watch(descriptor_, folder.c_str(), kEvents);
    if (watch >= 0) {
      auto& all = names[watch];  // of one folder by two names, too
      all.exact.insert(counting.exact.begin(), counting.exact.end());
      all.patterns.insert(all.patterns.end(), counting.patterns.begin(), counting.patterns.end());
    } else if (errno == ENOSPC || errno == ENOMEM || errno == ENOSYS) {
      return errno;
    }  // else it is gone, or not ours to read: its name in its own folder counts
  }
  for (const auto& [watch, of] : names_) {
    if (!names.contains(watch)) inotify_rm_watch(descriptor_, watch);
  }
  names_ = std::move(names);
  return 0;
}

bool WatchedFolders::take() {
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  bool counts = false;
  for (;;) {
    const auto count = read(descriptor_, buffer.data(), buffer.size());
    if (count <= 0) return counts;
    for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      const auto known = names_.find(event.wd);
      const bool of_the_folder = event.len == 0;
      const bool lost = (event.mask & IN_Q_OVERFLOW) != 0;
      counts = counts || lost || (known != names_.end() && (of_the_folder || known->second.counts(name)));
      at += sizeof event + event.len;
    }
  }
}

}  // namespace sluice::runtime
