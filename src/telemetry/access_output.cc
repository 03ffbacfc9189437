#include "telemetry/access_output.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::telemetry {
namespace {

int open_file(const std::string& path) noexcept {
  // Read by its owner and group: lines hold addresses and queries. A FIFO must not be waited for.
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
}

std::string why_not_opened(const std::string& path, int error) {
  struct stat status {};
  const bool fifo = ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
  // fifo(7): ENXIO where nobody has it open for reading.
  if (fifo && error == ENXIO) return path + " is a FIFO that nobody reads";
  return path + ": " + std::strerror(error);
}

}  // namespace

AccessOutput::AccessOutput(std::string to) : to_(std::move(to)) {
  owned_ = to_ != "stdout" && to_ != "stderr";
  const int descriptor = owned_ ? open_file(to_) : to_ == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
  if (descriptor < 0) throw std::runtime_error(why_not_opened(to_, errno));
  adopt(descriptor);
}

AccessOutput::~AccessOutput() {
  if (owned_) ::close(descriptor_);
}

void AccessOutput::adopt(int descriptor) noexcept {
  if (owned_ && descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = descriptor;
  struct stat status {};
  regular_ = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  if (status.st_dev != device_ || status.st_ino != inode_) within_line_ = broken_ = false;
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

std::string AccessOutput::reopen() {
  if (!owned_) return {};
  const int descriptor = open_file(to_);
  if (descriptor < 0) return why_not_opened(to_, errno);
  adopt(descriptor);
  return {};
}

Result<std::size_t> AccessOutput::write_some(std::string_view bytes, Duration patience) noexcept {
  if (!regular_ && !has_room(patience)) return std::size_t{0};
  if (broken_) {
    const auto ended = write_now("\n");
    if (!ended || *ended == 0) return ended;
    broken_ = false;
    return write_some(bytes, patience);
  }
  // A pipe that is writable takes PIPE_BUF without blocking (pipe(7)); more could hold up the end.
  const std::size_t piece = regular_ ? bytes.size() : std::min<std::size_t>(bytes.size(), PIPE_BUF);
  return write_now(bytes.substr(0, piece));
}

Result<std::size_t> AccessOutput::write_now(std::string_view bytes) noexcept {
  const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
  if (n > 0) within_line_ = bytes[static_cast<std::size_t>(n) - 1] != '\n';
  if (n >= 0) return static_cast<std::size_t>(n);
  if (errno == EINTR || errno == EAGAIN) return std::size_t{0};
  return from_errno(errno);
}

bool AccessOutput::has_room(Duration patience) const noexcept {
  pollfd wanted{descriptor_, POLLOUT, 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  return ::poll(&wanted, 1, static_cast<int>(ms)) > 0;
}

}  // namespace sluice::telemetry
