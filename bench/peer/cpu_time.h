#pragma once

#include <sys/types.h>

#include <vector>

#include "clock.h"

namespace sluice::bench {

/// The CPU time that all threads of the processes have used so far, from /proc/PID/task/*/schedstat: exact to
/// the last switch of context. A process that is gone counts as zero.
nanoseconds cpu_time_of(const std::vector<pid_t>& processes);

}  // namespace sluice::bench
