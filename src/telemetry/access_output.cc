#include "telemetry/access_output.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::telemetry {
namespace {

int open_file(const std::string& path) noexcept {
  // Read by its owner and group: lines hold addresses and queries.
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

constexpr int poll_step_ms = 100;
constexpr int patience_when_stopping_ms = 1000;

}  // namespace

AccessOutput::AccessOutput(std::string to, const std::atomic<bool>& stopping)
    : to_(std::move(to)), stopping_(stopping) {
  owned_ = to_ != "stdout" && to_ != "stderr";
  const int descriptor = owned_ ? open_file(to_) : to_ == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "access log " + to_);
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
}

bool AccessOutput::reopen() noexcept {
  if (!owned_) return true;
  const int descriptor = open_file(to_);
  if (descriptor < 0) return false;
  adopt(descriptor);
  return true;
}

bool AccessOutput::write(std::string_view lines) noexcept {
  while (!lines.empty()) {
    if (!regular_ && !wait_writable()) return false;
    // A pipe that is writable takes PIPE_BUF without blocking (pipe(7)); more could hold up the end.
    const std::size_t piece = regular_ ? lines.size() : std::min<std::size_t>(lines.size(), PIPE_BUF);
    const ssize_t n = ::write(descriptor_, lines.data(), piece);
    if (n >= 0) {
      lines.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EINTR && errno != EAGAIN) {
      return false;
    }
  }
  return true;
}

bool AccessOutput::wait_writable() noexcept {
  int waited = 0;
  while (!given_up_) {
    pollfd wanted{descriptor_, POLLOUT, 0};
    const int ready = ::poll(&wanted, 1, poll_step_ms);
    if (ready > 0) return true;
    // Relaxed: only the flag itself matters.
    if (ready == 0 && stopping_.load(std::memory_order_relaxed)) {
      waited += poll_step_ms;
      given_up_ = waited >= patience_when_stopping_ms;
    }
  }
  return false;
}

}  // namespace sluice::telemetry
