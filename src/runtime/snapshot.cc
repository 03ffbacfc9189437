#include "runtime/snapshot.h"

#include <algorithm>

#include "http/host.h"
#include "net/prefix.h"
#include "upstream/endpoint_file.h"

namespace sluice::runtime {
namespace {

// Whose forwarding fields are believed.
class Trust {
 public:
  explicit Trust(const std::vector<conf::Located<std::string>>& ranges) {
    for (const auto& range : ranges) {
      if (*range == "unix") {
        unix_ = true;
      } else {
        prefixes_.push_back(*net::Prefix::parse(*range));
      }
    }
  }
  bool operator()(const net::Address& peer) const noexcept {
    if (peer.is_unix()) return unix_;
    return std::any_of(prefixes_.begin(), prefixes_.end(), [&](const auto& p) { return p.contains(peer); });
  }

 private:
  std::vector<net::Prefix> prefixes_;
  bool unix_ = false;
};

std::vector<std::string> alpn_names(const std::vector<Protocol>& protocols) {
  std::vector<std::string> names;
  for (const auto protocol : protocols)
    names.emplace_back(enum_spec(protocol).name(static_cast<long long>(protocol)));
  return names;
}

proxy::TlsPlan tls_plan_of(const ListenerConfig& listener, conf::Problems& problems) {
  const auto& config = *listener.tls;
  return {.context = server_context(listener.name, config, alpn_names(listener.protocols), problems),
          .handshake_timeout = config.handshake_timeout,
          .handshakes = std::make_unique<proxy::SharedConnectionCount>(config.handshakes),
          .binds_host = config.wants_client_certificate()};
}

double least_rate_of(const ListenerLimitsConfig& limits) {
  return limits.body_min_rate ? limits.body_min_rate->per_second() : 0;
}

codec::h2::ServerLimits h2_limits_of(const ListenerLimitsConfig& limits) {
  return {.path_bytes = static_cast<std::uint32_t>(limits.request_line.count),
          .head_bytes = static_cast<std::uint32_t>(limits.header_bytes.count),
          .fields = limits.header_count,
          .streams = limits.concurrent_streams,
          .idle_timeout = limits.idle_timeout,
          .header_timeout = limits.header_timeout,
          .body_timeout = limits.body_timeout,
          .body_min_rate = least_rate_of(limits),
          .tunnel_timeout = limits.tunnel_timeout};
}

bool speaks(const ListenerConfig& listener, Protocol protocol) {
  return std::find(listener.protocols.begin(), listener.protocols.end(), protocol) !=
         listener.protocols.end();
}

std::shared_ptr<const proxy::ListenerPlan> plan_of(const ListenerConfig& config, conf::Problems& problems) {
  auto plan = std::make_shared<proxy::ListenerPlan>();
  const auto& limits = config.limits;
  plan->settings.name = config.name;
  plan->settings.max_body = limits.body ? limits.body->count : 0;
  plan->limits.head.start_line = static_cast<std::uint32_t>(limits.request_line.count);
  plan->limits.head.head_bytes = static_cast<std::uint32_t>(limits.header_bytes.count);
  plan->limits.head.fields = limits.header_count;
  plan->limits.header_timeout = limits.header_timeout;
  plan->limits.idle_timeout = limits.idle_timeout;
  plan->limits.body_timeout = limits.body_timeout;
  plan->limits.body_min_rate = least_rate_of(limits);
  plan->limits.tunnel_timeout = limits.tunnel_timeout;
  plan->requests_per_connection = limits.requests_per_connection;
  if (!config.trusted_proxies.empty()) plan->trusts = Trust(config.trusted_proxies);
  plan->connections = std::make_unique<proxy::SharedConnectionCount>(limits.connections);
  if (limits.connections_per_client) {
    plan->clients = std::make_unique<proxy::SharedClientCounts>(*limits.connections_per_client);
  }
  plan->proxy_protocol = config.proxy_protocol;
  if (speaks(config, Protocol::h2)) plan->h2 = h2_limits_of(limits);
  plan->h1 = speaks(config, Protocol::http_1_1);
  if (config.tls) plan->tls = tls_plan_of(config, problems);
  return plan;
}

std::size_t index_of(const Config& config, const std::string& upstream) {
  auto at = std::find_if(config.upstreams.begin(), config.upstreams.end(),
                         [&](const auto& named) { return named.name == upstream; });
  return static_cast<std::size_t>(at - config.upstreams.begin());
}

CompiledRoute compile_route(const Config& config, const proxy::RouteConfig& route,
                            const proxy::NamedPlans& named) {
  CompiledRoute compiled;
  compiled.settings.name = route.name;
  compiled.settings.timeout = route.timeout;
  if (route.max_body) compiled.settings.max_body = route.max_body->count;
  if (route.buffer_request) compiled.settings.buffer_request = route.buffer_request->count;
  compiled.settings.retry = route.retry;
  compiled.settings.allow_encoded_slash = route.allow_encoded_slash;
  if (route.rewrite) compiled.settings.rewrite = std::make_shared<const proxy::Rewrite>(*route.rewrite);
  compiled.plans = proxy::chain_plans(route, named);
  for (const auto& share : route.upstream) {
    compiled.upstreams.push_back(index_of(config, *share.upstream));
    compiled.weights.push_back(share.weight);
  }
  return compiled;
}

}  // namespace

std::shared_ptr<const Snapshot> compile(Config config, conf::Problems& problems) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->config = std::move(config);
  const auto& from = snapshot->config;
  snapshot->table = std::make_shared<const proxy::RouteTable>(proxy::route_entries(from.routes), problems);
  proxy::NamedPlans named;
  for (const auto& middleware : from.middlewares) {
    named.emplace_back(middleware.name, sluice::plan_of(middleware.value));
  }
  for (const auto& route : from.routes) {
    snapshot->routes.push_back(compile_route(from, route, named));
  }
  if (from.refusal) {
    snapshot->refusal =
        middleware::refusal_kind().plan(std::make_shared<const middleware::Refusal>(*from.refusal));
  }
  for (const auto& listener : from.listeners) snapshot->listeners.push_back(plan_of(listener, problems));
  for (const auto& upstream : from.upstreams) {
    snapshot->upstreams.push_back(std::make_shared<upstream::SharedUpstream>(
        upstream.name, upstream.value,
        upstream.value.tls ? client_context(upstream.value, problems) : nullptr));
    if (const auto& file = upstream.value.endpoints_file) {
      const auto endpoints = upstream::read_endpoint_file(**file, problems);
      if (endpoints) snapshot->upstreams.back()->update(*endpoints);
    }
  }
  if (!problems.empty()) return nullptr;
  return snapshot;
}

namespace {

std::unique_ptr<Middleware> build_refusal(const MiddlewarePlan& plan, const proxy::WorkerParts& parts) {
  SlotLayout slots;
  return plan.make({slots, parts.shard.metrics(), parts.shard.worker(), {}});
}

}  // namespace

WorkerGateway build_gateway(const Snapshot& snapshot, const proxy::WorkerParts& parts) {
  WorkerGateway built;
  for (const auto& shared : snapshot.upstreams) {
    built.upstreams.push_back(std::make_unique<upstream::Upstream>(shared, parts.loop, parts.rng));
  }
  std::vector<std::unique_ptr<proxy::Route>> routes;
  for (const auto& compiled : snapshot.routes) {
    SlotLayout slots;
    std::vector<std::unique_ptr<Middleware>> chain;
    BuildContext context{slots, parts.shard.metrics(), parts.shard.worker(), compiled.settings.name};
    for (const auto& plan : compiled.plans) chain.push_back(plan->make(context));
    std::vector<proxy::RouteTarget> targets;
    for (auto index : compiled.upstreams) {
      auto& upstream = *built.upstreams[index];
      targets.push_back({&upstream, &parts.shard.upstream(upstream.name())});
    }
    auto weights = compiled.weights.empty() ? std::vector<unsigned>{1} : compiled.weights;
    routes.push_back(std::make_unique<proxy::Route>(proxy::Route{
        compiled.settings, proxy::Chain(std::move(chain), std::move(slots)), std::move(targets),
        proxy::Split(weights, parts.shard.worker()), parts.shard.route(compiled.settings.name)}));
  }
  auto refusal = snapshot.refusal ? build_refusal(*snapshot.refusal, parts) : nullptr;
  built.gateway =
      std::make_shared<proxy::Gateway>(parts, snapshot.table, std::move(routes), std::move(refusal));
  return built;
}

}  // namespace sluice::runtime
