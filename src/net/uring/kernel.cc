#include "net/uring/kernel.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

namespace sluice::net {
namespace {

std::string explain(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return "io_uring is forbidden here (a container's seccomp profile, or kernel.io_uring_disabled)";
    case ENOSYS:
      return "this kernel has no io_uring";
    case EINVAL:
      return "this kernel's io_uring is too old (Linux 6.1 or later is needed)";
    case ENOMEM:
      return "io_uring gets no memory (the limit on locked memory is too low)";
    default:
      return fmt::format("io_uring cannot be set up: {}", std::strerror(error));
  }
}

std::string missing_operation(io_uring& ring) {
  std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> probe(io_uring_get_probe_ring(&ring),
                                                                        &io_uring_free_probe);
  if (!probe) return explain(ENOSYS);
  for (int needed : {IORING_OP_NOP, IORING_OP_READ, IORING_OP_RECV, IORING_OP_SEND, IORING_OP_SENDMSG,
                     IORING_OP_ACCEPT, IORING_OP_CONNECT, IORING_OP_CLOSE, IORING_OP_ASYNC_CANCEL}) {
    if (!io_uring_opcode_supported(probe.get(), needed)) {
      return fmt::format("this kernel's io_uring lacks operation {}", needed);
    }
  }
  return {};
}

}  // namespace

int Kernel::open(io_uring& ring, unsigned entries, io_uring_params& params) noexcept {
  return io_uring_queue_init_params(entries, &ring, &params);
}

void Kernel::close(io_uring& ring) noexcept { io_uring_queue_exit(&ring); }

int Kernel::enable(io_uring& ring) noexcept {
  // liburing 2.3 declares io_uring_enable_rings() without exporting it.
  auto result = static_cast<int>(
      ::syscall(__NR_io_uring_register, ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0));
  if (result < 0) return -errno;
  // Spares the look-up of the descriptor at every call. A refusal changes nothing else.
  io_uring_register_ring_fd(&ring);
  return result;
}

int Kernel::register_buffers(io_uring& ring, io_uring_buf_reg& buffers) noexcept {
  return io_uring_register_buf_ring(&ring, &buffers, 0);
}

int Kernel::submit(io_uring& ring) noexcept { return io_uring_submit(&ring); }

int Kernel::submit_and_peek(io_uring& ring) noexcept { return io_uring_submit_and_get_events(&ring); }

int Kernel::submit_and_wait(io_uring& ring, __kernel_timespec* timeout) noexcept {
  if (!timeout) return io_uring_submit_and_wait(&ring, 1);
  io_uring_cqe* first;
  return io_uring_submit_and_wait_timeout(&ring, &first, 1, timeout, nullptr);
}

Kernel& Kernel::system() noexcept {
  static Kernel kernel;
  return kernel;
}

io_uring_params loop_ring_params(unsigned completions) noexcept {
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_CQSIZE | IORING_SETUP_R_DISABLED;
  params.cq_entries = completions;
  return params;
}

std::string uring_unusable() {
  io_uring ring;
  auto params = loop_ring_params(16);
  if (int error = -io_uring_queue_init_params(8, &ring, &params)) return explain(error);
  auto why = missing_operation(ring);
  io_uring_queue_exit(&ring);
  return why;
}

}  // namespace sluice::net
