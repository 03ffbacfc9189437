#include "runtime/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "base/text.h"
#include "conf/scalar.h"

namespace sluice::runtime {
namespace {

// Less would leave no room beside the program itself.
constexpr Bytes kLeast{32 * 1024 * 1024};

std::uint64_t physical_memory() {
  return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// "max" and what cannot be read are no limit.
std::uint64_t tighter(std::uint64_t than, const std::string& file) {
  std::uint64_t bytes = 0;
  return std::ifstream(file) >> bytes && bytes != 0 ? std::min(than, bytes) : than;
}

// Of a cgroup and of all above it.
std::uint64_t tightest(std::uint64_t than, const std::string& tree, std::string group,
                       const std::string& file) {
  for (;;) {
    than = tighter(than, tree + group + "/" + file);
    const auto slash = group.rfind('/');
    if (slash == std::string::npos) return than;
    group.resize(slash);
  }
}

std::string show(const MemoryLimit& limit) {
  switch (limit.kind) {
    case MemoryLimit::Kind::automatic:
      return "auto";
    case MemoryLimit::Kind::off:
      return "off";
    case MemoryLimit::Kind::fixed:
      return format(limit.bytes);
  }
  return {};
}

}  // namespace

Parsed<MemoryLimit> parse_memory_limit(std::string_view text) {
  if (text == "auto") return MemoryLimit{};
  if (text == "off") return MemoryLimit{MemoryLimit::Kind::off, {}};
  const auto bytes = parse_bytes(text);
  if (!bytes) return Malformed{"wanted auto, off or a size like 512MiB, found " + in_quotes(text)};
  if (*bytes < kLeast) return Malformed{"wanted at least " + format(kLeast) + ", found " + std::string(text)};
  return MemoryLimit{MemoryLimit::Kind::fixed, *bytes};
}

std::uint64_t memory_ceiling(const MemoryLimit& limit, std::uint64_t available) {
  switch (limit.kind) {
    case MemoryLimit::Kind::automatic:
      return available / 5 * 4;
    case MemoryLimit::Kind::off:
      return 0;
    case MemoryLimit::Kind::fixed:
      return limit.bytes.count;
  }
  return 0;
}

// proc(5), cgroups(7): "0::PATH" for version 2, "N:memory:PATH" for version 1. In a container the path may be
// one that only the host knows; its own group is then at the root of the tree.
std::uint64_t available_memory(const std::string& root) {
  std::uint64_t bytes = physical_memory();
  std::ifstream self(root + "/proc/self/cgroup");
  for (std::string line; std::getline(self, line);) {
    const auto path = line.substr(line.rfind(':') + 1);
    if (line.starts_with("0::")) bytes = tightest(bytes, root + "/sys/fs/cgroup", path, "memory.max");
    if (line.find(":memory:") != line.npos)
      bytes = tightest(bytes, root + "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes");
  }
  return bytes;
}

}  // namespace sluice::runtime

namespace sluice::conf {

const TypeSpec& Type<runtime::MemoryLimit>::spec() {
  static const auto type = scalar<runtime::MemoryLimit>({.title = "`auto`, `off` or size",
                                                         .wanted = "auto, off or a size like 512MiB",
                                                         .pattern = "^(auto|off|[0-9]+(B|KiB|MiB|GiB|TiB)?)$",
                                                         .integers = true},
                                                        &runtime::parse_memory_limit, &runtime::show);
  return type;
}

}  // namespace sluice::conf
