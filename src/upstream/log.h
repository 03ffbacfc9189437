// Lines that the background work of upstreams writes for operators.
#pragma once

#include <functional>
#include <string_view>

namespace sluice::upstream {

/// `warning` is for what needs a person.
using Log = std::function<void(bool warning, std::string_view line)>;

/// To the process log; what an empty Log stands for.
Log or_process_log(Log log);

}  // namespace sluice::upstream
