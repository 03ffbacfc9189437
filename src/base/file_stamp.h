// Whether a file has changed, without reading it.
#pragma once

#include <cstdint>
#include <filesystem>

namespace sluice {

/// How a file looks from outside. Equal looks mean the same content, but for two writes of the same size
/// within one tick of the file system's clock (some 4 ms).
struct FileStamp {
  bool exists = false;
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified = 0, changed = 0;  ///< In ns since 1970; `changed` cannot be set by hand.

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// Of what the path leads to, through links.
FileStamp stamp_of(const std::filesystem::path& path) noexcept;

}  // namespace sluice
