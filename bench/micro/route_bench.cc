// What finding a route and expanding a template cost.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "proxy/route_table.h"
#include "sluice/exchange.h"
#include "sluice/template.h"

namespace sluice::proxy {
namespace {

struct Table {
  std::vector<RouteMatch> matches;
  std::unique_ptr<RouteTable> table;

  // Routes spread over a hundred hosts; a third exact, two thirds prefixes.
  explicit Table(std::size_t count) : matches(count) {
    std::vector<RouteEntry> entries;
    for (std::size_t i = 0; i < count; ++i) {
      matches[i].host.push_back("tenant" + std::to_string(i % 100) + ".example.com");
      matches[i].path.push_back("/api/v1/service" + std::to_string(i) + (i % 3 == 0 ? "" : "/*"));
      entries.push_back({&matches[i], "route", {}});
    }
    conf::Problems problems;
    table = std::make_unique<RouteTable>(entries, problems);
  }
};

struct Asked {
  std::string host, path;
};

void run(benchmark::State& state, const RouteTable& table, const std::vector<Asked>& asked, bool found) {
  Exchange exchange;
  std::size_t i = 0;
  for (auto _ : state) {
    exchange.request.host = asked[i].host;
    exchange.request.path = asked[i].path;
    exchange.request.method = http::Method::get;
    const RouteResult result = table.match(exchange.request);
    if (static_cast<bool>(result) != found) return state.SkipWithError("wrong route");
    benchmark::DoNotOptimize(result);
    if (++i == asked.size()) i = 0;
  }
}

// A thousand different requests in turn, so that the table is not in the first cache.
std::vector<Asked> requests(std::size_t routes, const std::string& below) {
  std::vector<Asked> asked;
  for (std::size_t n = 0; n < 1000; ++n) {
    std::size_t i = n * 7919 % routes;
    if (i % 3 == 0) i = (i + 1) % routes;
    asked.push_back(
        {"tenant" + std::to_string(i % 100) + ".example.com", "/api/v1/service" + std::to_string(i) + below});
  }
  return asked;
}

void match_prefix(benchmark::State& state) {
  const Table table(static_cast<std::size_t>(state.range(0)));
  run(state, *table.table, requests(table.matches.size(), "/items/4711"), true);
}
BENCHMARK(match_prefix)->Arg(10)->Arg(1'000)->Arg(10'000)->Arg(100'000);

void match_nothing(benchmark::State& state) {
  const Table table(static_cast<std::size_t>(state.range(0)));
  run(state, *table.table, requests(table.matches.size(), "x/y/z"), false);
}
BENCHMARK(match_nothing)->Arg(10'000);

void build(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Table(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(build)->Arg(10'000)->Unit(benchmark::kMillisecond);

void expand(benchmark::State& state) {
  Exchange exchange;
  exchange.request.host = "api.example.com";
  exchange.request.path = "/api/v1/service7/items/4711";
  exchange.path_rest = "items/4711";
  exchange.request.fields.add("x-tenant", "t1");
  const Template text = *Template::parse("https://{host}/new/{path.rest}?t={header.x-tenant}");
  Arena arena;
  for (auto _ : state) {
    benchmark::DoNotOptimize(text.expand(exchange, arena, Template::Use::uri));
    arena.reset();
  }
}
BENCHMARK(expand);

}  // namespace
}  // namespace sluice::proxy
