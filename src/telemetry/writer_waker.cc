#include "telemetry/writer_waker.h"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace sluice::telemetry {

WriterWaker::WriterWaker() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

WriterWaker::~WriterWaker() { ::close(descriptor_); }

void WriterWaker::wake() noexcept {
  if (pending_.exchange(true, std::memory_order_acq_rel)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(descriptor_, &one, sizeof one);
}

void WriterWaker::wait(Duration at_most) noexcept {
  pollfd wanted{descriptor_, POLLIN, 0};
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
  ::poll(&wanted, 1, static_cast<int>(ms));
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = ::read(descriptor_, &count, sizeof count);
  pending_.exchange(false, std::memory_order_acq_rel);
}

}  // namespace sluice::telemetry
