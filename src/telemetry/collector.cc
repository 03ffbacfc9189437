#include "telemetry/collector.h"

#include <map>
#include <string>
#include <tuple>

#include "http/reason.h"
#include "http/token.h"
#include "telemetry/access_log.h"
#include "telemetry/family_builder.h"
#include "telemetry/process_stats.h"
#include "telemetry/shard.h"

namespace sluice::telemetry {
namespace {

using Shards = std::vector<const Shard*>;

struct RouteSum {
  using Ending = std::tuple<http::Method, std::uint8_t, http::Reason>;
  std::map<Ending, std::uint64_t> requests;
  std::map<std::optional<http::GrpcStatus>, std::uint64_t> calls;
  HistogramSum duration, upstream_duration;
  std::uint64_t request_bytes = 0, response_bytes = 0;

  void add(const RouteMetrics::Traffic& traffic) {
    for (const auto& chain : traffic.outcomes)
      chain.each([this](const RouteMetrics::Outcome& outcome) {
        requests[{outcome.method, outcome.status_class, outcome.reason}] += outcome.requests.value();
      });
    traffic.calls.each(
        [this](const RouteMetrics::CallOutcome& outcome) { calls[outcome.status] += outcome.calls.value(); });
    duration.add(traffic.duration);
    upstream_duration.add(traffic.upstream_duration);
    request_bytes += traffic.request_bytes.value();
    response_bytes += traffic.response_bytes.value();
  }
};

std::string_view shown(http::Method method) {
  return method == http::Method::other ? std::string_view("other") : http::name(method);
}

std::string_view shown_class(std::uint8_t status_class) {
  constexpr std::string_view names[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  return names[status_class];
}

std::string shown(std::optional<http::GrpcStatus> status) {
  return status ? std::to_string(static_cast<int>(*status)) : "none";
}

void write_route(std::string_view route, const RouteSum& sum, FamilyBuilder& out) {
  for (const auto& [ending, count] : sum.requests) {
    const auto& [method, status_class, reason] = ending;
    out.number(Metric::requests, {route, shown(method), shown_class(status_class), http::name(reason)},
               static_cast<double>(count));
  }
  for (const auto& [status, count] : sum.calls)
    out.number(Metric::grpc_responses, {route, shown(status)}, static_cast<double>(count));
  out.histogram(Metric::request_duration, {route}, sum.duration);
  if (sum.upstream_duration.count() > 0)
    out.histogram(Metric::upstream_duration, {route}, sum.upstream_duration);
  out.number(Metric::request_bytes, {route}, static_cast<double>(sum.request_bytes));
  out.number(Metric::response_bytes, {route}, static_cast<double>(sum.response_bytes));
}

void write_routes(const Shards& shards, FamilyBuilder& out) {
  std::map<std::string_view, RouteSum> sums;
  for (const Shard* shard : shards)
    shard->each_route([&sums](const RouteMetrics& route) {
      if (const auto* traffic = route.traffic()) sums[route.name()].add(*traffic);
    });
  for (const auto& [name, sum] : sums) write_route(name.empty() ? "unmatched" : name, sum, out);
}

struct ListenerSum {
  double accepted = 0, active = 0, accept_errors = 0;
  double handshakes_full = 0, handshakes_resumed = 0, handshakes_failed = 0;
  std::array<double, connection_end_count> closed{};

  void add(const ListenerMetrics& one) {
    accepted += static_cast<double>(one.accepted.value());
    active += one.active.value();
    accept_errors += static_cast<double>(one.accept_errors.value());
    handshakes_full += static_cast<double>(one.handshakes_full.value());
    handshakes_resumed += static_cast<double>(one.handshakes_resumed.value());
    handshakes_failed += static_cast<double>(one.handshakes_failed.value());
    for (std::size_t i = 0; i < closed.size(); ++i) closed[i] += static_cast<double>(one.closed[i].value());
  }
};

void write_listeners(const Shards& shards, FamilyBuilder& out) {
  std::map<std::string_view, ListenerSum> sums;
  for (const Shard* shard : shards)
    shard->each_listener([&sums](const ListenerMetrics& one) { sums[one.name()].add(one); });
  for (const auto& [name, sum] : sums) {
    out.number(Metric::connections_accepted, {name}, sum.accepted);
    out.number(Metric::connections_active, {name}, sum.active);
    out.number(Metric::accept_errors, {name}, sum.accept_errors);
    if (sum.handshakes_full > 0) out.number(Metric::tls_handshakes, {name, "full"}, sum.handshakes_full);
    if (sum.handshakes_resumed > 0)
      out.number(Metric::tls_handshakes, {name, "resumed"}, sum.handshakes_resumed);
    if (sum.handshakes_failed > 0)
      out.number(Metric::tls_handshakes, {name, "failed"}, sum.handshakes_failed);
    for (std::size_t i = 0; i < sum.closed.size(); ++i)
      if (sum.closed[i] > 0)
        out.number(Metric::connections_closed, {name, telemetry::name(static_cast<ConnectionEnd>(i))},
                   sum.closed[i]);
  }
}

struct UpstreamSum {
  double attempts = 0;
  std::map<std::string, double> retries;  // by cause
  std::array<double, retry_refusal_count> retries_refused{};
  std::array<double, fault_count> failed{};

  void add(const UpstreamMetrics& one) {
    attempts += static_cast<double>(one.attempts.value());
    one.retries.each([this](const UpstreamMetrics::Retries& more) {
      retries[telemetry::name(more.cause)] += static_cast<double>(more.attempts.value());
    });
    for (std::size_t i = 0; i < retries_refused.size(); ++i)
      retries_refused[i] += static_cast<double>(one.retries_refused[i].value());
    for (std::size_t i = 0; i < failed.size(); ++i) failed[i] += static_cast<double>(one.failed[i].value());
  }
};

void write_upstreams(const Shards& shards, FamilyBuilder& out) {
  std::map<std::string_view, UpstreamSum> sums;
  for (const Shard* shard : shards)
    shard->each_upstream([&sums](const UpstreamMetrics& one) { sums[one.name()].add(one); });
  for (const auto& [name, sum] : sums) {
    out.number(Metric::upstream_attempts, {name}, sum.attempts);
    for (const auto& [cause, count] : sum.retries) out.number(Metric::upstream_retries, {name, cause}, count);
    for (std::size_t i = 0; i < sum.retries_refused.size(); ++i)
      if (sum.retries_refused[i] > 0)
        out.number(Metric::upstream_retries_refused, {name, telemetry::name(static_cast<RetryRefusal>(i))},
                   sum.retries_refused[i]);
    for (std::size_t i = 0; i < sum.failed.size(); ++i)
      if (sum.failed[i] > 0)
        out.number(Metric::upstream_failures, {name, sluice::name(static_cast<Fault>(i))}, sum.failed[i]);
  }
}

void write_pools(const std::vector<PoolState>& pools, FamilyBuilder& out) {
  for (const PoolState& pool : pools) {
    out.number(Metric::upstream_active, {pool.upstream}, static_cast<double>(pool.active));
    out.number(Metric::upstream_idle, {pool.upstream}, static_cast<double>(pool.idle));
    out.number(Metric::upstream_pending, {pool.upstream}, static_cast<double>(pool.pending));
    out.number(Metric::upstream_opened, {pool.upstream}, static_cast<double>(pool.opened));
    out.number(Metric::upstream_reused, {pool.upstream}, static_cast<double>(pool.reused));
  }
}

void write_names(const std::vector<NameState>& names, FamilyBuilder& out) {
  for (const NameState& name : names) {
    if (name.age) out.number(Metric::dns_answer_age, {name.upstream, name.endpoint}, *name.age);
    out.number(Metric::dns_failing, {name.upstream, name.endpoint}, name.failing ? 1 : 0);
  }
}

void write_workers(const Shards& shards, FamilyBuilder& out) {
  double in_flight = 0;
  for (const Shard* shard : shards) {
    in_flight += shard->exchanges_in_flight.value();
    const auto loop = shard->loop();
    if (!loop) continue;
    const std::string worker = std::to_string(shard->worker());
    out.number(Metric::loop_turns, {worker}, static_cast<double>(loop->turns));
    out.number(Metric::loop_busy, {worker}, std::chrono::duration<double>(loop->busy).count());
    out.number(Metric::loop_lag, {worker}, std::chrono::duration<double>(loop->longest_turn).count());
  }
  out.number(Metric::exchanges_in_flight, {}, in_flight);
  out.number(Metric::workers, {}, static_cast<double>(shards.size()));
}

void write_access_log(const AccessLog& log, FamilyBuilder& out) {
  out.number(Metric::access_log_written, {}, static_cast<double>(log.written()));
  out.number(Metric::access_log_lost, {}, static_cast<double>(log.lost()));
  for (unsigned i = 0; i < log.workers(); ++i)
    out.number(Metric::access_log_dropped, {std::to_string(i)}, static_cast<double>(log.dropped(i)));
}

void write_memory(const MemoryState& memory, FamilyBuilder& out) {
  out.number(Metric::memory_resident, {}, static_cast<double>(memory.resident));
  if (memory.ceiling != 0) out.number(Metric::memory_ceiling, {}, static_cast<double>(memory.ceiling));
  out.number(Metric::memory_pressure, {}, memory.pressure ? 1 : 0);
}

void write_config(const ConfigState& config, FamilyBuilder& out) {
  out.number(Metric::config_stale, {}, config.stale ? 1 : 0);
  out.number(Metric::config_since, {}, config.in_force_since);
  out.number(Metric::config_reloads, {"taken"}, static_cast<double>(config.taken));
  out.number(Metric::config_reloads, {"refused"}, static_cast<double>(config.refused));
}

void write_process(FamilyBuilder& out) {
  const ProcessStats stats = read_process_stats();
  out.number(Metric::process_cpu, {}, stats.cpu_seconds);
  out.number(Metric::process_resident, {}, static_cast<double>(stats.resident_bytes));
  out.number(Metric::process_virtual, {}, static_cast<double>(stats.virtual_bytes));
  out.number(Metric::process_open_fds, {}, static_cast<double>(stats.open_fds));
  out.number(Metric::process_max_fds, {}, static_cast<double>(stats.max_fds));
  out.number(Metric::process_threads, {}, static_cast<double>(stats.threads));
  out.number(Metric::process_start, {}, stats.start_time_seconds);
}

void write_certificates(const std::vector<CertificateState>& certificates, FamilyBuilder& out) {
  for (const CertificateState& one : certificates) {
    if (one.not_after != 0)
      out.number(Metric::certificate_not_after, {one.listener, one.certificate}, one.not_after);
    out.number(Metric::certificate_stale, {one.listener, one.certificate}, one.stale ? 1 : 0);
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> Collector::Collect() const {
  FamilyBuilder out;
  write_routes(sources_.shards, out);
  write_listeners(sources_.shards, out);
  write_upstreams(sources_.shards, out);
  write_workers(sources_.shards, out);
  if (sources_.pools) write_pools(sources_.pools(), out);
  if (sources_.endpoints)
    for (const EndpointState& one : sources_.endpoints())
      out.number(Metric::endpoint_healthy, {one.upstream, one.endpoint}, one.healthy ? 1 : 0);
  if (sources_.names) write_names(sources_.names(), out);
  if (sources_.certificates) write_certificates(sources_.certificates(), out);
  if (sources_.access_log != nullptr) write_access_log(*sources_.access_log, out);
  if (sources_.memory) write_memory(sources_.memory(), out);
  if (sources_.config) write_config(sources_.config(), out);
  out.number(Metric::build_info, {sources_.version, sources_.event_loop}, 1);
  write_process(out);

  std::vector<prometheus::MetricFamily> families = out.take();
  RegistrySum own;
  for (const Shard* shard : sources_.shards) own.add(shard->registry());
  own.append_to(families);
  return families;
}

}  // namespace sluice::telemetry
