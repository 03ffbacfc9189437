// Which parts of a configuration are sound, for checks that go on after problems.
#pragma once

#include <string>
#include <vector>

#include "conf/node.h"
#include "conf/problem.h"

namespace sluice::conf {

/// The places of the problems so far; later ones do not count.
class Faults {
 public:
  explicit Faults(const Problems& problems);

  /// Whether anything is wrong with the node or with what is below it; so it is with an absent node.
  bool within(const Node& node) const;

 private:
  bool any_begins_with(const std::string& place) const;

  std::vector<std::string> places_;  // file and path, sorted
};

}  // namespace sluice::conf
