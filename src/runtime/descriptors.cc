#include "runtime/descriptors.h"

#include <algorithm>

#include <sys/resource.h>

#include "net/pipe_pool.h"

namespace sluice::runtime {
namespace {

constexpr std::uint64_t kOfTheProcess = 64;
constexpr std::uint64_t kLeastOfTheProcess =
    20;  // 14 at rest; the rest for admin clients, checks and refusals
constexpr std::uint64_t kLeastOfALoop = 3;
constexpr std::uint64_t kOfALoop = 4 + 2 * net::PipePool::kPipes;

}  // namespace

DescriptorNeeds descriptor_needs(const Config& config, unsigned workers) {
  DescriptorNeeds needs{.process = kOfTheProcess + workers * (config.listeners.size() + kOfALoop),
                        .least = kLeastOfTheProcess + workers * (config.listeners.size() + kLeastOfALoop)};
  for (const auto& listener : config.listeners) needs.clients += listener.limits.connections;
  for (const auto& upstream : config.upstreams) {
    needs.upstreams += upstream.value.endpoints.size() * std::uint64_t{upstream.value.connections.max};
  }
  return needs;
}

std::uint64_t least_descriptor_limit(const DescriptorNeeds& needs) noexcept { return needs.least + 2; }

// A limit of at least least_descriptor_limit().
DescriptorShares share_descriptors(std::uint64_t limit, const DescriptorNeeds& needs) {
  const auto process = std::max(needs.least, std::min(needs.process, limit / 2));
  const auto rest = limit - process;
  return {.clients = rest - std::min(needs.upstreams, rest / 2),
          .refusals = std::max<std::uint64_t>(1, (process - needs.least) / 4)};
}

std::uint64_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto soft = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : soft;
}

}  // namespace sluice::runtime
