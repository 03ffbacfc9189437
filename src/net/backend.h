// Which loop this machine can have.
#pragma once

#include <memory>
#include <string>

#include "net/loop.h"

namespace sluice::net {

struct Probe {
  Backend best = Backend::epoll;
  std::string reason;  ///< Why not io_uring; empty when it is usable.
};

/// Tries to set up a ring as the uring loop needs it (Linux 6.1, and not forbidden by the
/// container) on a thread of its own; else epoll.
Probe probe_backend();

/// To be called on the thread that will run the loop. Throws std::system_error where the kernel
/// refuses.
std::unique_ptr<Loop> make_loop(Backend backend, Clock& clock, const LoopOptions& options = {});

}  // namespace sluice::net
