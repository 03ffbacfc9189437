#pragma once

#include <sys/types.h>

#include <vector>

#include "clock.h"

namespace sluice::bench {

/// The CPU time that all threads of the processes have used so far, from /proc/PID/task/*/schedstat: exact to
/// the last switch of context. A process that is gone counts as zero.
nanoseconds cpu_time_of(const std::vector<pid_t>& processes);

/// The CPU time that this process has used so far.
nanoseconds own_cpu_time();

/// The time that the core this is called on has been busy so far, whoever it worked for, from /proc/stat. In
/// steps of 10 ms.
nanoseconds busy_time_of_this_core();

}  // namespace sluice::bench
