#include "cpu_time.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

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

nanoseconds own_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

nanoseconds busy_time_of_this_core() {
  const std::string wanted = fmt::format("cpu{} ", sched_getcpu());
  std::ifstream stat("/proc/stat");
  for (std::string line; std::getline(stat, line);) {
    if (!line.starts_with(wanted)) continue;
    std::array<long long, 8> ticks{};  // user, nice, system, idle, iowait, irq, softirq, steal
    std::istringstream fields(line.substr(wanted.size()));
    for (long long& count : ticks) fields >> count;
    const long long busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7];
    return nanoseconds(busy * (1'000'000'000 / sysconf(_SC_CLK_TCK)));
  }
  return nanoseconds(0);
}

}  // namespace sluice::bench
