// The table of built-in middlewares.
#pragma once

#include <span>

#include "sluice/registry.h"

namespace sluice::middleware {

/// Every built-in kind, outermost first as `check` recommends; lives for the whole process.
std::span<const MiddlewareKind> builtins();

}  // namespace sluice::middleware
