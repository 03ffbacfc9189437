#include "cpu_time.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace sluice::bench {

nanoseconds cpu_time_of(const std::vector<pid_t>& processes) {
  std::int64_t total = 0;
  for (const pid_t process : processes) {
    std::error_code error;
    for (const auto& task :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process), error)) {
      std::int64_t on_cpu = 0;
      if (std::ifstream(task.path() / "schedstat") >> on_cpu) total += on_cpu;
    }
  }
  return nanoseconds(total);
}

}  // namespace sluice::bench
