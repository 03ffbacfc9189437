// Which routes no request can reach, because others take all that they match.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "proxy/route_cells.h"
#include "proxy/route_table.h"

namespace sluice::proxy {

/// A route may stand in several places (hosts, paths); it is unreachable when it is in each of them.
class Reach {
 public:
  Reach(const RouteCells& cells, std::size_t routes) : cells_(cells), routes_(routes) {}

  /// Judges the candidates of one place, which are in the order they are tried. `before`: what is
  /// tried on the same host before them; of those, regexes that take every path count.
  void judge(const std::vector<Candidate>& candidates, const std::vector<Candidate>& before);

  void report(std::span<const RouteEntry> routes, conf::Problems& problems) const;

 private:
  struct Fate {
    std::uint32_t reached = 0;
    std::uint32_t shadowed = 0;
    std::uint32_t by = 0;  ///< The last route that was needed to cover it.
  };
  bool demands_less(const Candidate& a, const Candidate& b) const;

  const RouteCells& cells_;
  std::vector<Fate> routes_;
};

}  // namespace sluice::proxy
