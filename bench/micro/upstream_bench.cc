// What picking an endpoint costs, and following a change of the endpoints.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "net/memory/memory_network.h"
#include "upstream/upstream.h"

namespace sluice::upstream {
namespace {

// Never waits, and has nothing to wait for.
class IdleLoop final : public net::Loop {
 public:
  explicit IdleLoop(Clock& clock) : Loop(clock), network_(*this) {}
  net::Network& network() noexcept override { return network_; }

 private:
  void wait(TimePoint) override { refresh_time(); }
  void wake() noexcept override {}
  net::MemoryNetwork network_;
};

std::vector<EndpointConfig> endpoints(std::size_t first, std::size_t count) {
  std::vector<EndpointConfig> list;
  for (std::size_t i = first; i < first + count; ++i) {
    EndpointConfig config;
    config.address = "10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
                     std::to_string(i % 256) + ":80";
    list.push_back(std::move(config));
  }
  return list;
}

struct Bench {
  Bench(std::size_t count, Balance balance) {
    UpstreamConfig config;
    config.endpoints = endpoints(0, count);
    config.balance = balance;
    shared = std::make_shared<SharedUpstream>("app", std::move(config));
    upstream = std::make_unique<Upstream>(shared, loop, rng);
  }

  SystemClock clock;
  IdleLoop loop{clock};
  Rng rng{1};
  std::shared_ptr<SharedUpstream> shared;
  std::unique_ptr<Upstream> upstream;
};

void pick(benchmark::State& state, Balance balance) {
  Bench bench(static_cast<std::size_t>(state.range(0)), balance);
  for (auto _ : state) {
    TriedSet tried;
    PickContext context{.rng = bench.rng, .tried = &tried};
    const auto picked = bench.upstream->pick(context);
    if (picked) tried.add(*picked);
    benchmark::DoNotOptimize(tried);
    if (bench.upstream->reuse(*picked)) state.SkipWithError("there was nothing to use again");
  }
}
BENCHMARK_CAPTURE(pick, round_robin, Balance::round_robin)->Arg(2)->Arg(1000);
BENCHMARK_CAPTURE(pick, random, Balance::random)->Arg(2)->Arg(1000);
BENCHMARK_CAPTURE(pick, least_request, Balance::least_request)->Arg(2)->Arg(1000);

// How long a worker is held up when so many of twice as many endpoints are replaced.
void follow(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Bench bench(2 * count, Balance::least_request);
  std::size_t first = 0;
  for (auto _ : state) {
    state.PauseTiming();
    first += count;
    bench.shared->update(endpoints(first, 2 * count));
    state.ResumeTiming();
    PickContext context{.rng = bench.rng};
    benchmark::DoNotOptimize(bench.upstream->pick(context));
    state.PauseTiming();
    while (bench.loop.timers().size() != 0) bench.loop.turn(TimePoint::max());
    state.ResumeTiming();
  }
}
BENCHMARK(follow)->Arg(10)->Arg(1000)->Arg(5000)->Iterations(20)->Unit(benchmark::kMicrosecond);

// How long whoever updates takes for it.
void update(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Bench bench(1, Balance::least_request);
  const auto one = endpoints(0, count), other = endpoints(count / 2, count);
  bool turn = false;
  for (auto _ : state) bench.shared->update((turn = !turn) ? one : other);
}
BENCHMARK(update)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice::upstream
