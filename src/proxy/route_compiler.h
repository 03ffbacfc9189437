// From the routes of a configuration to the cells of a table.
#pragma once

#include <memory>
#include <span>

#include "proxy/route_cells.h"
#include "proxy/route_table.h"

namespace sluice::proxy {

/// Never null; with problems it holds what was right.
std::unique_ptr<const RouteCells> compile_routes(std::span<const RouteEntry> routes,
                                                 conf::Problems& problems);

}  // namespace sluice::proxy
