#include "proxy/route_config.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/text.h"
#include "http/chars.h"
#include "middleware/grpc_web.h"

namespace sluice::proxy {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongestName = 100;

void check_prefix_rewrite(const RouteConfig& route, conf::Scope& scope) {
  const auto& paths = route.match.path;
  const bool has_rest =
      !route.match.path_regex &&
      std::all_of(paths.begin(), paths.end(), [](const auto& path) { return path->ends_with("/*"); });
  if (!has_rest)
    scope.problem("rewrite.path_prefix", "takes the place of a prefix, so match.path must end with /*");
}

void check_retry(const RouteConfig& route, conf::Scope& scope) {
  if (route.upstream.empty()) scope.problem("retry", "there is no upstream to try again");
  if (route.retry->per_try_timeout && *route.retry->per_try_timeout > route.timeout)
    scope.problem("retry.per_try_timeout", "is longer than the route's timeout of " + format(route.timeout) +
                                               ", which ends all attempts");
}

void check(const RouteConfig& route, conf::Scope& scope) {
  const bool any_weight = std::any_of(route.upstream.begin(), route.upstream.end(),
                                      [](const UpstreamShare& share) { return share.weight > 0; });
  if (!route.upstream.empty() && !any_weight) scope.problem("upstream", "one of the weights must be above 0");
  if (route.rewrite && route.rewrite->path_prefix) check_prefix_rewrite(route, scope);
  if (route.rewrite && route.upstream.empty())
    scope.problem("rewrite", "there is no upstream to rewrite the path for");
  if (route.retry) check_retry(route, scope);
  if (route.grpc_web && route.upstream.empty())
    scope.problem("grpc_web", "there is no upstream to translate calls for");
}

// Never of what a ${…} stands for: names are shown where the configuration is not.
std::string derived_name(const RouteMatch& match) {
  std::string name;
  if (!match.host.empty()) name = match.host.front().where.written();
  if (match.path_regex) {
    name += match.path_regex->where.written();
  } else if (!match.path.empty()) {
    name += match.path.front().where.written();
  } else {
    name += name.empty() ? "default" : "/*";
  }
  return name.substr(0, kLongestName);
}

std::string unused(const std::string& wanted, const std::set<std::string>& taken) {
  std::string name = wanted;
  for (int i = 2; taken.contains(name); ++i) name = wanted + "#" + std::to_string(i);
  return name;
}

std::shared_ptr<const MiddlewarePlan> named_plan(const std::string& name, const NamedPlans& named) {
  return std::find_if(named.begin(), named.end(), [&](const auto& n) { return n.first == name; })->second;
}

/// The links of a chain that is replaced, each for one of its successors.
class Predecessors {
 public:
  explicit Predecessors(const ChainPlans& links) {
    for (const auto& link : links) {
      if (!link.kind.empty()) free_.push_back(&link);
    }
  }

  /// One of the same settings, else the first of the same kind, else null.
  const ChainLink* take(const std::string& kind, std::uint64_t content) {
    const auto same = [&](const ChainLink* link) { return link->kind == kind && link->content == content; };
    auto at = std::find_if(free_.begin(), free_.end(), same);
    if (at == free_.end())
      at =
          std::find_if(free_.begin(), free_.end(), [&](const ChainLink* link) { return link->kind == kind; });
    if (at == free_.end()) return nullptr;
    const auto* taken = *at;
    free_.erase(at);
    return taken;
  }

 private:
  std::vector<const ChainLink*> free_;
};

ChainLink link_for(const conf::Tagged& use, const NamedPlans& named, Predecessors& before) {
  if (use.is_reference()) return {named_plan(use.reference, named)};
  const auto& definition = use.definition;
  const auto content = conf::content_hash({definition.entry->spec(), definition.value.get()});
  const auto* known = before.take(definition.kind, content);
  if (known && known->content == content) return *known;
  return {plan_of(definition, known ? known->plan.get() : nullptr), definition.kind, content};
}

template <class Config>
ChainLink own_link(const MiddlewareKind& kind, const Config& config) {
  return {kind.plan(std::make_shared<const Config>(config), nullptr)};
}

}  // namespace

const conf::ObjectSpec& UpstreamShare::spec() {
  static const conf::ObjectSpec spec =
      conf::object<UpstreamShare>("UpstreamShare", "One of the upstreams that share a route's requests.")
          .field("upstream", &UpstreamShare::upstream, "Name of the upstream.", conf::required())
          .field("weight", &UpstreamShare::weight, "Its share of the sum of weights; 0: none for now.",
                 conf::between(0, 10000))
          .shorthand(conf::Node::Kind::scalar, "upstream");
  return spec;
}

const conf::ObjectSpec& RouteConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<RouteConfig>("Route", "Which requests it takes, and what becomes of them.")
          .field("name", &RouteConfig::name,
                 "In logs and metrics; made of host and path where it is not written.",
                 conf::matching(
                     "a name of printable characters", "^[^\\x00-\\x1f\\x7f]+$",
                     [](std::string_view name) { return !name.empty() && http::is_field_value(name); }))
          .field("match", &RouteConfig::match, "Which requests it takes; all where it is not written.")
          .field("middlewares", &RouteConfig::middlewares,
                 "What looks at a request on its way, in order: names of `middlewares`, or definitions on "
                 "the spot.",
                 conf::kinds(std::string(MiddlewareKind::category)))
          .field("upstream", &RouteConfig::upstream, "Where requests go: a name, or several with weights.")
          .field("respond", &RouteConfig::respond, "A fixed response instead of an upstream.")
          .field("redirect", &RouteConfig::redirect, "A redirect instead of an upstream.")
          .field("rewrite", &RouteConfig::rewrite, "Another path for the upstream.")
          .field("grpc_web", &RouteConfig::grpc_web,
                 "Translates calls of gRPC-Web, binary and text, to gRPC for the upstream, and its responses "
                 "back.")
          .field("refusal", &RouteConfig::refusal, "The body of refusals, in place of problem+json.")
          .field("request_headers", &RouteConfig::request_headers, "Edits of what the upstream gets.")
          .field("response_headers", &RouteConfig::response_headers, "Edits of what the client gets.")
          .field("timeout", &RouteConfig::timeout,
                 "From the end of the request to the response head, all attempts included; reaching the "
                 "upstream before has as long.",
                 conf::between(1ms, 24h))
          .field("retry", &RouteConfig::retry,
                 "Sends a request again that an upstream has failed; without it only one that no upstream "
                 "can have acted on.")
          .field("max_body", &RouteConfig::max_body,
                 "Largest request body, in place of the listener's `limits.body`.")
          .field("buffer_request", &RouteConfig::buffer_request,
                 "How much of a request's body is read before an upstream connection is taken, so that a "
                 "slow client holds "
                 "none; a larger body streams on from there. A body goes on as it comes where it is not "
                 "written.",
                 conf::between(Bytes{1024}, Bytes{16 * 1024 * 1024}))
          .field("allow_encoded_slash", &RouteConfig::allow_encoded_slash,
                 "Takes paths with an encoded slash or backslash (%2F, %5C) and passes it on; otherwise they "
                 "are refused.")
          .exactly_one({"upstream", "respond", "redirect"})
          .where(&RouteConfig::where)
          .check(&check);
  return spec;
}

void name_routes(std::vector<RouteConfig>& routes, conf::Problems& problems) {
  std::set<std::string> taken;
  for (const RouteConfig& route : routes) {
    if (route.name.empty() || taken.insert(route.name).second) continue;
    problems.add(route.where.nearest_to("name"), "another route has this name too");
  }
  for (RouteConfig& route : routes) {
    if (!route.name.empty()) continue;
    route.name = unused(derived_name(route.match), taken);
    taken.insert(route.name);
  }
}

std::vector<RouteEntry> route_entries(const std::vector<RouteConfig>& routes) {
  std::vector<RouteEntry> entries;
  for (const RouteConfig& route : routes) entries.push_back({&route.match, route.name, route.where});
  return entries;
}

ChainPlans chain_plans(const RouteConfig& route, const NamedPlans& named, const ChainPlans& before) {
  ChainPlans links;
  Predecessors predecessors(before);
  if (route.response_headers)
    links.push_back(own_link(middleware::response_headers_kind(), *route.response_headers));
  if (route.grpc_web) links.push_back({middleware::grpc_web_plan()});
  if (route.refusal) links.push_back(own_link(middleware::refusal_kind(), *route.refusal));
  for (const conf::Tagged& use : route.middlewares) links.push_back(link_for(use, named, predecessors));
  if (route.request_headers)
    links.push_back(own_link(middleware::request_headers_kind(), *route.request_headers));
  if (route.redirect) links.push_back(own_link(middleware::redirect_kind(), *route.redirect));
  if (route.respond) links.push_back(own_link(middleware::respond_kind(), *route.respond));
  return links;
}

}  // namespace sluice::proxy
