// The loop over stock Asio sockets: the reference for the other two.
#pragma once

#include <memory>

#include "net/loop.h"

namespace sluice::net {

std::unique_ptr<Loop> make_asio_loop(Clock& clock, const LoopOptions& options);

}  // namespace sluice::net
