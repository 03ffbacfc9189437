// `sluice healthcheck`: asks a running gateway how it is, for containers and supervisors.
#pragma once

#include <string>

#include "base/clock.h"

namespace sluice::runtime {

struct HealthcheckOptions {
  std::string file;                            ///< The configuration whose admin listener is asked.
  std::string page = "/healthz";               ///< Or "/readyz".
  Duration timeout = std::chrono::seconds(2);  ///< For all of it.
};

/// Exit code: 0 where the page answers 200. Else 1, and one line says why on stderr.
int healthcheck(const HealthcheckOptions& options);

}  // namespace sluice::runtime
