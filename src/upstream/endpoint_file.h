// Endpoints that are listed in a file of their own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/problem.h"
#include "upstream/config.h"

namespace sluice::upstream {

/// What an `endpoints_file` says, for SharedUpstream::update(): a list in YAML or JSON, of the same form as
/// `endpoints`, or a map with `endpoints` for its only key; of at most 10,000. Nothing where anything is
/// wrong with it, and that stands in `problems`, located in this file: what was read before is to stay.
std::optional<std::vector<EndpointConfig>> read_endpoint_file(const std::string& path,
                                                              conf::Problems& problems);

}  // namespace sluice::upstream
