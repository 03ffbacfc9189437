// What no part of a configuration can say by itself: names, references, and which routes are reached.
#pragma once

#include "runtime/config.h"

namespace sluice::runtime {

/// Names the listeners and routes that have none, and reports names and addresses that are not unique and
/// references to nothing. After other problems it keeps to the parts that they leave sound, and says of
/// these what compile(), which will not be asked, would have said of routes and of the files of TLS.
void check_whole(Config& config, const conf::Node& root, conf::Problems& problems);

}  // namespace sluice::runtime
