// From a request head to its route, compiled and immutable.
//
// Of all routes that match, the most specific wins:
//   1. host         exact, then the longer wildcard, then none
//   2. path         exact, then regex, then the longer prefix, then none
//   3. predicates   the more of method list, header and query predicates, the better
//   4. the order of the file
//
// A match hashes the path once, remembering the hash at each "/", and then asks a few cells of a hash
// table for each host that fits (the name, its wildcards, any). Nothing allocates. The data structure
// is drawn in route_cells.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "conf/problem.h"
#include "http/reason.h"
#include "proxy/method_set.h"
#include "proxy/route_match.h"
#include "sluice/head.h"

namespace sluice::proxy {

struct RouteCells;

/// What a request leads to.
struct RouteResult {
  static constexpr std::uint32_t no_route = ~std::uint32_t{0};

  std::uint32_t route = no_route;                 ///< Index into what the table was built from.
  http::Reason refusal = http::Reason::no_route;  ///< none, no_route, or method_not_allowed.
  std::string_view path_rest;  ///< What `/*` matched, without the slash before it; of request.path.
  MethodSet allowed = 0;       ///< For method_not_allowed: see RouteTable::allow().

  explicit operator bool() const noexcept { return route != no_route; }
};

/// A route as the table is told of it.
struct RouteEntry {
  const RouteMatch* match;
  std::string_view name;
  conf::Node where;  ///< Of the route, for problems.
};

/// Shared by all workers.
class RouteTable {
 public:
  RouteTable();  ///< Of no routes.
  /// Reports regular expressions that do not compile, and routes that no request can reach because
  /// others take all that they match. Keeps nothing of `routes`.
  RouteTable(std::span<const RouteEntry> routes, conf::Problems& problems);
  RouteTable(RouteTable&&) noexcept;
  RouteTable& operator=(RouteTable&&) noexcept;
  ~RouteTable();

  RouteResult match(const RequestHead& request) const noexcept;

  /// The value of Allow (RFC 9110 10.2.1) for a method_not_allowed.
  std::string_view allow(const RouteResult& result, Arena& arena) const;

 private:
  std::unique_ptr<const RouteCells> cells_;
};

}  // namespace sluice::proxy
