// The origins of `sluice demo`: a fast one, a slow one, a flaky one, and one that is called in gRPC.
#pragma once

#include <memory>

#include "net/loop.h"
#include "sluice/middleware.h"

namespace sluice::runtime {

/// Answers at once with what it received, as JSON.
std::unique_ptr<Middleware> fast_origin(net::Loop& loop);

/// The same after a second, or after `?ms=N` milliseconds, at most a minute.
std::unique_ptr<Middleware> slow_origin(net::Loop& loop);

/// Every third answer is a 503.
std::unique_ptr<Middleware> flaky_origin(net::Loop& loop);

/// Answers every call with one message, whose first field is a text, and status 0; health checks with
/// SERVING.
std::unique_ptr<Middleware> grpc_origin(net::Loop& loop);

}  // namespace sluice::runtime
