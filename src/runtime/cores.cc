#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#include "runtime/server.h"

namespace sluice::runtime {
namespace {

unsigned affinity() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

// The tightest quota on the way up the cgroup tree (cgroup v2, cpu.max: "QUOTA PERIOD"); 0: none.
unsigned quota() {
  std::ifstream self("/proc/self/cgroup");
  std::string line, path;
  while (std::getline(self, line)) {
    if (line.starts_with("0::")) path = line.substr(3);
  }
  double tightest = 0;
  for (;;) {
    std::ifstream file("/sys/fs/cgroup" + path + "/cpu.max");
    std::string allowed;
    double period = 0;
    if (file >> allowed >> period && allowed != "max" && period > 0) {
      double cores = std::stod(allowed) / period;
      tightest = tightest == 0 ? cores : std::min(tightest, cores);
    }
    if (path.empty() || path == "/") break;
    path.resize(path.rfind('/'));
  }
  return static_cast<unsigned>(std::ceil(tightest));
}

}  // namespace

unsigned available_cores() {
  auto cores = affinity(), limit = quota();
  return limit == 0 ? cores : std::max(1u, std::min(cores, limit));
}

}  // namespace sluice::runtime
