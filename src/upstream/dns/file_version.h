// Whether a file is still the one that was read.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace sluice::upstream::dns {

/// What tells two versions of a file apart; all zero where there is no file.
struct FileVersion {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;

  static FileVersion of(const std::string& path) noexcept {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return {};
    return {found.st_dev, found.st_ino, static_cast<std::uint64_t>(found.st_size), found.st_mtim.tv_sec,
            found.st_mtim.tv_nsec};
  }
  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};

}  // namespace sluice::upstream::dns
