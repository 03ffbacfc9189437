#include "proxy/route_reach.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace sluice::proxy {
namespace {

bool takes_every_path(const RE2& regex) {
  const std::string& text = regex.pattern();
  return text == ".*" || text == "/.*" || text == "^.*$" || text == "^/.*$" || text == "^/.*" || text == ".+";
}

bool implies(const Demand& narrow, const Demand& wide) {
  if (narrow == wide) return true;
  return narrow.source == wide.source && narrow.name == wide.name && wide.test == Demand::Test::present &&
         narrow.test != Demand::Test::absent;
}

// " in line 5", " in conf.d/a.yaml, line 5": as seen from another place.
std::string place_of(const conf::Node& there, const conf::Node& seen_from) {
  const auto line = "line " + std::to_string(there.location().line);
  return " in " + (there.file() == seen_from.file() ? line : std::string(there.file()) + ", " + line);
}

}  // namespace

// Whatever meets the demands of b meets those of a.
bool Reach::demands_less(const Candidate& a, const Candidate& b) const {
  const auto demands = [this](const Candidate& of) {
    return std::span(cells_.demands).subspan(of.demands.first, of.demands.count);
  };
  return std::ranges::all_of(demands(a), [&](const Demand& wide) {
    return std::ranges::any_of(demands(b), [&](const Demand& narrow) { return implies(narrow, wide); });
  });
}

void Reach::judge(const std::vector<Candidate>& candidates, const std::vector<Candidate>& before) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    MethodSet covered = 0;
    std::uint32_t by = 0;
    const auto take = [&](const Candidate& other) {
      if ((covered & candidate.methods) == candidate.methods || !demands_less(other, candidate)) return;
      covered |= other.methods;
      by = other.route;
    };
    for (const Candidate& other : before) {
      if (takes_every_path(*other.path)) take(other);
    }
    for (std::size_t j = 0; j < i; ++j) {
      const Candidate& other = candidates[j];
      if (other.route == candidate.route) continue;
      if (other.path == candidate.path || (other.path && takes_every_path(*other.path))) take(other);
    }
    Fate& fate = routes_[candidate.route];
    if ((covered & candidate.methods) == candidate.methods) {
      ++fate.shadowed;
      fate.by = by;
    } else {
      ++fate.reached;
    }
  }
}

void Reach::report(std::span<const RouteEntry> routes, conf::Problems& problems) const {
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const Fate& fate = routes_[i];
    if (fate.reached != 0 || fate.shadowed == 0) continue;
    const RouteEntry& other = routes[fate.by];
    std::string message = "no request reaches this route: " + in_quotes(other.name);
    if (other.where) message += place_of(other.where, routes[i].where);
    problems.add(routes[i].where, message + " takes all that it matches");
  }
}

}  // namespace sluice::proxy
