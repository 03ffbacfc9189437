#include "net/backend.h"

#include <liburing.h>

#include <cstring>
#include <stdexcept>
#include <thread>

#include "net/asio/asio_loop.h"
#include "net/epoll/epoll_loop.h"
#include "net/uring/uring_loop.h"

namespace sluice::net {

namespace {

std::string refusal(const char* what, int result) {
  return std::string(what) + ": " + std::strerror(-result);
}

// What is missing for the uring loop; empty when nothing is.
std::string try_ring() {
  io_uring ring;
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  if (int result = io_uring_queue_init_params(8, &ring, &params); result < 0) {
    return refusal("io_uring_setup", result);
  }
  alignas(4096) static char buffers[4096];
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffers);
  registration.ring_entries = 8;
  int result = io_uring_register_buf_ring(&ring, &registration, 0);
  io_uring_queue_exit(&ring);
  return result < 0 ? refusal("provided buffer ring", result) : std::string();
}

}  // namespace

Probe probe_backend() {
  Probe probe;
  // Its own thread: a ring of a single issuer must not be tied to the caller's.
  std::thread([&] { probe.reason = try_ring(); }).join();
  if (probe.reason.empty()) probe.best = Backend::uring;
  return probe;
}

std::unique_ptr<Loop> make_loop(Backend backend, Clock& clock, const LoopOptions& options) {
  switch (backend) {
    case Backend::uring:
      return make_uring_loop(clock, options);
    case Backend::epoll:
      return std::make_unique<EpollLoop>(clock, options);
    case Backend::asio:
      return make_asio_loop(clock, options);
  }
  throw std::invalid_argument("no such loop");
}

}  // namespace sluice::net
