// grpc_web: calls of browsers, in the words of gRPC for the upstream and back (grpc/doc/PROTOCOL-WEB.md).
#pragma once

#include <memory>

#include "sluice/registry.h"

namespace sluice::middleware {

/// Of a route with `grpc_web: true`. What is inside of it sees application/grpc both ways; requests of other
/// types pass as they are.
std::shared_ptr<const MiddlewarePlan> grpc_web_plan();

}  // namespace sluice::middleware
