#include "runtime/snapshot.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

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

// `same` is the plan of the same settings; null: there is none.
proxy::TlsPlan tls_plan_of(const ListenerConfig& listener, const proxy::TlsPlan* same,
                           conf::Problems& problems) {
  const auto& config = *listener.tls;
  return {.context = same ? same->context
                          : server_context(listener.name, config, alpn_names(listener.protocols), problems),
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

std::shared_ptr<proxy::ListenerPlan> plan_of(const ListenerConfig& config) {
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
  plan->max_connections = limits.connections;
  plan->max_connections_of_client = limits.connections_per_client.value_or(0);
  plan->proxy_protocol = config.proxy_protocol;
  if (speaks(config, Protocol::h2)) plan->h2 = h2_limits_of(limits);
  plan->h1 = speaks(config, Protocol::http_1_1);
  return plan;
}

using Index = std::unordered_map<std::string_view, std::size_t>;

// By name, of what may be taken over.
Index index_of(const std::vector<Part>& parts) {
  Index index;
  for (std::size_t i = 0; i < parts.size(); ++i) index.emplace(parts[i].name, i);
  return index;
}

/// Makes a snapshot of a configuration, out of the parts of the one in force where they are the same.
class Compiler {
 public:
  Compiler(Config config, conf::Problems& problems, const Snapshot* before)
      : before_(before ? *before : nothing()), problems_(problems), made_(std::make_shared<Snapshot>()) {
    made_->config = std::move(config);
    made_->parts = parts_of(made_->config);
  }

  std::shared_ptr<const Snapshot> run() {
    read_endpoint_files();
    if (&before_ != &nothing()) follow();
    plan_middlewares();
    for (std::size_t i = 0; i < config().listeners.size(); ++i) add_listener(i);
    add_upstreams();
    add_routes();
    add_table();
    add_refusal();
    return problems_.empty() ? made_ : nullptr;
  }

 private:
  static const Snapshot& nothing() {
    static const Snapshot nothing;
    return nothing;
  }

  // What a file of endpoints says is part of the configuration.
  void read_endpoint_files() {
    for (std::size_t i = 0; i < config().upstreams.size(); ++i) {
      const auto& file = config().upstreams[i].value.endpoints_file;
      listed_.push_back(file ? upstream::read_endpoint_file(**file, problems_) : std::nullopt);
      if (listed_.back()) made_->parts.endpoints[i].content ^= content_of(*listed_.back());
    }
  }

  void follow() {
    made_->changes = changes_between(before_.parts, made_->parts);
    auto& config = made_->config;
    config.workers = before_.config.workers;
    config.event_loop = before_.config.event_loop;
    config.access_log = before_.config.access_log;
    config.admin = before_.config.admin;
    config.limits = before_.config.limits;
    made_->parts.start_settings = before_.parts.start_settings;
  }

  const Config& config() const noexcept { return made_->config; }

  void plan_middlewares() {
    const auto old = index_of(before_.parts.middlewares);
    for (std::size_t i = 0; i < config().middlewares.size(); ++i) {
      const auto& part = made_->parts.middlewares[i];
      const auto known = old.find(part.name);
      std::shared_ptr<const MiddlewarePlan> plan;
      if (known != old.end()) plan = before_.middlewares[known->second];
      if (!plan || before_.parts.middlewares[known->second] != part)
        plan = sluice::plan_of(config().middlewares[i].value, plan.get());
      made_->middlewares.push_back(plan);
      named_.emplace_back(config().middlewares[i].name, std::move(plan));
    }
  }

  void add_listener(std::size_t i) {
    const auto& listener = config().listeners[i];
    const auto& listeners = before_.config.listeners;
    const auto at = std::find_if(listeners.begin(), listeners.end(), [&](const ListenerConfig& one) {
      return place_of(one) == place_of(listener);
    });
    if (at == listeners.end()) return add_listener(listener, nullptr, nullptr);
    const auto known = static_cast<std::size_t>(at - listeners.begin());
    const auto& plan = before_.listeners[known];
    if (before_.parts.listeners[known] == made_->parts.listeners[i]) {
      made_->listeners.push_back(plan);
    } else {
      add_listener(listener, &*at, plan.get());
    }
  }

  // `known` and `old` are of the listener that had the address; null where nobody had it.
  void add_listener(const ListenerConfig& listener, const ListenerConfig* known,
                    const proxy::ListenerPlan* old) {
    auto plan = plan_of(listener);
    plan->counts = old ? old->counts : std::make_shared<proxy::ListenerPlan::Counts>(plan->max_connections);
    if (plan->max_connections_of_client != 0) {
      plan->clients = old && old->clients
                          ? old->clients
                          : std::make_shared<proxy::SharedClientCounts>(plan->max_connections_of_client);
    }
    if (listener.tls) {
      plan->tls = tls_plan_of(listener, old && same_tls(listener, *known) ? &*old->tls : nullptr, problems_);
    }
    made_->listeners.push_back(std::move(plan));
  }

  static bool same_tls(const ListenerConfig& one, const ListenerConfig& other) {
    return one.tls && other.tls && one.name == other.name && one.protocols == other.protocols &&
           conf::content_hash(*one.tls) == conf::content_hash(*other.tls);
  }

  void add_upstreams() {
    const auto old = index_of(before_.parts.upstreams);
    for (std::size_t i = 0; i < config().upstreams.size(); ++i) {
      const auto& part = made_->parts.upstreams[i];
      const auto known = old.find(part.name);
      if (known != old.end() && before_.parts.upstreams[known->second] == part) {
        take_over_upstream(i, known->second);
      } else {
        add_upstream(i);
      }
      upstreams_.emplace(part.name, made_->upstreams.back());
    }
  }

  void add_upstream(std::size_t i) {
    const auto& upstream = config().upstreams[i];
    auto shared = std::make_shared<upstream::SharedUpstream>(
        upstream.name, upstream.value,
        upstream.value.tls ? client_context(upstream.value, problems_) : nullptr);
    if (listed_[i]) shared->update(*listed_[i]);
    made_->upstreams.push_back(std::move(shared));
    made_->endpoints.emplace_back();
  }

  // With what was changed of its endpoints while it ran, unless the file says others now.
  void take_over_upstream(std::size_t i, std::size_t known) {
    made_->upstreams.push_back(before_.upstreams[known]);
    made_->endpoints.emplace_back();
    if (before_.parts.endpoints[known] == made_->parts.endpoints[i]) return;
    made_->endpoints.back() = listed_[i] ? listed_[i] : config().upstreams[i].value.endpoints;
  }

  void add_routes() {
    const auto old = index_of(before_.parts.routes);
    for (std::size_t i = 0; i < config().routes.size(); ++i) {
      const auto& part = made_->parts.routes[i];
      const auto known = old.find(part.name);
      std::shared_ptr<const CompiledRoute> before;
      bool same = false;
      if (known != old.end()) {
        before = before_.routes[known->second];
        same = before_.parts.routes[known->second] == part;
      }
      auto route = compile(config().routes[i], before.get());
      if (same && leads_alike(*route, *before)) route = std::move(before);
      made_->routes.push_back(std::move(route));
    }
  }

  std::shared_ptr<const CompiledRoute> compile(const proxy::RouteConfig& route, const CompiledRoute* before) {
    auto compiled = std::make_shared<CompiledRoute>();
    compiled->settings.name = route.name;
    compiled->settings.timeout = route.timeout;
    if (route.max_body) compiled->settings.max_body = route.max_body->count;
    if (route.buffer_request) compiled->settings.buffer_request = route.buffer_request->count;
    compiled->settings.retry = route.retry;
    compiled->settings.allow_encoded_slash = route.allow_encoded_slash;
    if (route.rewrite) compiled->settings.rewrite = std::make_shared<const proxy::Rewrite>(*route.rewrite);
    compiled->plans = proxy::chain_plans(route, named_, before ? before->plans : proxy::ChainPlans());
    for (const auto& share : route.upstream) {
      compiled->upstreams.push_back(upstreams_.at(*share.upstream));
      compiled->weights.push_back(share.weight);
    }
    return compiled;
  }

  // Of two routes with the same settings: the same upstreams and middlewares are behind their names.
  bool leads_alike(const CompiledRoute& one, const CompiledRoute& other) const {
    const auto is_same = [this](const proxy::ChainLink& a, const proxy::ChainLink& b) {
      return a.plan == b.plan || !is_named(a.plan);
    };
    return one.upstreams == other.upstreams &&
           std::equal(one.plans.begin(), one.plans.end(), other.plans.begin(), other.plans.end(), is_same);
  }

  bool is_named(const std::shared_ptr<const MiddlewarePlan>& plan) const {
    return std::find(made_->middlewares.begin(), made_->middlewares.end(), plan) != made_->middlewares.end();
  }

  // It knows routes by their number.
  void add_table() {
    if (before_.table && made_->parts.routes == before_.parts.routes) {
      made_->table = before_.table;
    } else {
      made_->table =
          std::make_shared<const proxy::RouteTable>(proxy::route_entries(config().routes), problems_);
    }
  }

  void add_refusal() {
    if (!config().refusal) return;
    const auto* part = Parts::find(before_.parts.settings, "refusal");
    if (part && *part == *Parts::find(made_->parts.settings, "refusal")) {
      made_->refusal = before_.refusal;
    } else {
      made_->refusal = middleware::refusal_kind().plan(
          std::make_shared<const middleware::Refusal>(*config().refusal), nullptr);
    }
  }

  const Snapshot& before_;
  conf::Problems& problems_;
  std::shared_ptr<Snapshot> made_;
  std::vector<std::optional<std::vector<upstream::EndpointConfig>>> listed_;  // by endpoint files
  proxy::NamedPlans named_;
  std::unordered_map<std::string_view, std::shared_ptr<upstream::SharedUpstream>> upstreams_;
};

}  // namespace

std::string place_of(const ListenerConfig& listener) {
  const auto& address = *listener.address;
  return address.ends_with(":0") ? address + " " + listener.name : address;
}

std::shared_ptr<const Snapshot> compile(Config config, conf::Problems& problems, const Snapshot* before) {
  return Compiler(std::move(config), problems, before).run();
}

}  // namespace sluice::runtime
