#include "base/file_stamp.h"

#include <sys/stat.h>

namespace sluice {
namespace {

std::int64_t in_ns(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileStamp stamp_of(const std::filesystem::path& path) noexcept {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return {};
  return {.exists = true,
          .device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified = in_ns(status.st_mtim),
          .changed = in_ns(status.st_ctim)};
}

}  // namespace sluice
