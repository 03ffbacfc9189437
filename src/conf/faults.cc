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

}  // namespace

Faults::Faults(const Problems& problems) {
  for (auto& problem : problems.sorted()) paths_.push_back(std::move(problem.path));
  std::sort(paths_.begin(), paths_.end());
}

bool Faults::within(const Node& node) const {
  if (!node || has_broken(node)) return true;
  const auto path = node.path();
  return std::binary_search(paths_.begin(), paths_.end(), path) || any_begins_with(path + '.') ||
         any_begins_with(path + '[');
}

bool Faults::any_begins_with(const std::string& path) const {
  const auto at = std::lower_bound(paths_.begin(), paths_.end(), path);
  return at != paths_.end() && at->starts_with(path);
}

}  // namespace sluice::conf
