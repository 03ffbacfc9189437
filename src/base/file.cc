#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

namespace sluice {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

class OpenFile {
 public:
  // Without waiting for the writer of a FIFO, and without making a terminal this process's own.
  explicit OpenFile(const std::filesystem::path& path) noexcept
      : descriptor_(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int descriptor() const noexcept { return descriptor_; }

 private:
  const int descriptor_;
};

Malformed unreadable(int error) {
  if (error == ENOENT || error == ENOTDIR) return {"there is no such file"};
  if (error == ENXIO) return {"this is not a regular file"};  // a socket, or a device without hardware
  return {std::string("the file cannot be read: ") + std::strerror(error)};
}

std::optional<Malformed> wrong_kind(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return unreadable(errno);
  if (S_ISDIR(status.st_mode)) return Malformed{"this is a folder, not a file"};
  if (!S_ISREG(status.st_mode)) return Malformed{"this is not a regular file"};
  return {};
}

}  // namespace

Parsed<std::string> read_regular_file(const std::filesystem::path& path, Bytes most) {
  const OpenFile file(path);
  if (file.descriptor() < 0) return unreadable(errno);
  if (auto wrong = wrong_kind(file.descriptor())) return std::move(*wrong);
  std::string content;
  // Its size is not asked for: files of /proc have none, and others grow.
  for (std::size_t have = 0;;) {
    content.resize(std::min<std::size_t>(have + kPiece, most.count + 1));
    const auto count = read(file.descriptor(), content.data() + have, content.size() - have);
    if (count < 0) return unreadable(errno);
    have += static_cast<std::size_t>(count);
    if (have > most.count) return Malformed{"the file is larger than " + format(most)};
    if (count > 0) continue;
    content.resize(have);
    return content;
  }
}

}  // namespace sluice
