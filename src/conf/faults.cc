#include "conf/faults.h"

#include <algorithm>

namespace sluice::conf {
namespace {

/// Aliases of a scalar that is broken are broken too, which is reported once, at the original.
bool has_broken(const Node& node) {
  for (const Node& child : node) {
    if (has_broken(child)) return true;
  }
  return node.style() == Node::Style::broken;
}

// Paths are counted in each file anew.
std::string place(std::string_view file, std::string_view path) {
  return std::string(file).append(1, '\0').append(path);
}

}  // namespace

Faults::Faults(const Problems& problems) {
  for (const auto& problem : problems.sorted()) places_.push_back(place(problem.file, problem.path));
  std::sort(places_.begin(), places_.end());
}

bool Faults::within(const Node& node) const {
  if (!node || has_broken(node)) return true;
  const auto here = place(node.file(), node.path());
  return std::binary_search(places_.begin(), places_.end(), here) || any_begins_with(here + '.') ||
         any_begins_with(here + '[');
}

bool Faults::any_begins_with(const std::string& place) const {
  const auto at = std::lower_bound(places_.begin(), places_.end(), place);
  return at != places_.end() && at->starts_with(place);
}

}  // namespace sluice::conf
