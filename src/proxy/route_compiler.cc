#include "proxy/route_compiler.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "base/text.h"
#include "proxy/route_reach.h"

namespace sluice::proxy {
namespace {

/// The kinds of places where a host keeps candidates, best first.
enum class Place : std::uint8_t { exact, regex, prefix, rest };

struct PlaceKey {
  std::string host;  // as in the host table; empty: any
  Place place;
  std::string path;  // empty for regex and rest
  friend auto operator<=>(const PlaceKey&, const PlaceKey&) = default;
};

std::size_t depth_of(std::string_view prefix) {
  return static_cast<std::size_t>(std::count(prefix.begin(), prefix.end(), '/'));
}

class Compiler {
 public:
  explicit Compiler(conf::Problems& problems) : problems_(problems) {}

  std::unique_ptr<const RouteCells> run(std::span<const RouteEntry> routes) {
    for (std::uint32_t i = 0; i < routes.size(); ++i) add_route(routes[i], i);
    for (auto& [key, candidates] : places_) sort(candidates);
    report_unreachable(routes);
    for (auto& [key, candidates] : places_) lay_out(key, candidates);
    return std::move(cells_);
  }

 private:
  void add_route(const RouteEntry& route, std::uint32_t index) {
    const RouteMatch& match = *route.match;
    Candidate candidate{.route = index, .methods = methods_of(match), .demands = demands_of(match)};
    predicates_.push_back(candidate.demands.count + (match.method.empty() ? 0u : 1u));
    std::vector<std::string> hosts;
    for (const auto& host : match.host) hosts.push_back(host_key(*host));
    if (hosts.empty()) hosts.emplace_back();
    for (const std::string& host : hosts) add_paths(match, host, candidate);
  }

  void add_paths(const RouteMatch& match, const std::string& host, Candidate candidate) {
    if (match.path_regex) {
      candidate.path = compile(**match.path_regex, match.path_regex->where);
      if (candidate.path != nullptr) places_[{host, Place::regex, {}}].push_back(candidate);
      return;
    }
    if (match.path.empty()) places_[{host, Place::rest, {}}].push_back(candidate);
    for (const auto& path : match.path) {
      const bool is_prefix = path->ends_with("/*");
      std::string text = is_prefix ? path->substr(0, path->size() - 2) : *path;
      if (depth_of(text) > PathHashes::most) {
        problems_.add(path.where, "more than 32 segments");
        continue;
      }
      const Place place = !is_prefix ? Place::exact : text.empty() ? Place::rest : Place::prefix;
      places_[{host, place, std::move(text)}].push_back(candidate);
    }
  }

  static std::string host_key(const std::string& host) {
    return ascii_lower(host.starts_with("*.") ? std::string_view(host).substr(1) : std::string_view(host));
  }

  MethodSet methods_of(const RouteMatch& match) {
    if (match.method.empty()) return every_method;
    MethodSet methods = 0;
    for (const auto& method : match.method) {
      const MethodSet bits = cells_->methods.add(*method);
      if (bits == 0) problems_.add(method.where, "more than 16 methods that are not of HTTP");
      methods |= bits;
    }
    return methods;
  }

  Run demands_of(const RouteMatch& match) {
    const auto first = static_cast<std::uint32_t>(cells_->demands.size());
    for (const auto& field : match.header) add_demand(Demand::Source::header, field);
    for (const auto& parameter : match.query) add_demand(Demand::Source::query, parameter);
    return {first, static_cast<std::uint32_t>(cells_->demands.size()) - first};
  }

  void add_demand(Demand::Source source, const conf::Named<ValueMatch>& named) {
    const bool is_header = source == Demand::Source::header;
    Demand demand{.source = source, .name = is_header ? ascii_lower(named.name) : named.name, .value = {}};
    if (is_header) demand.field = http::field_name(named.name);
    const ValueMatch& match = named.value;
    if (match.exact) {
      demand.test = Demand::Test::exact;
      demand.value = *match.exact;
    } else if (match.regex) {
      demand.test = Demand::Test::regex;
      demand.value = *match.regex;
      demand.regex = compile(*match.regex, named.where.find("regex"));
      if (demand.regex == nullptr) demand.test = Demand::Test::present;
    } else if (match.present && !*match.present) {
      demand.test = Demand::Test::absent;
    }
    cells_->demands.push_back(std::move(demand));
  }

  // The same text gives the same object, so that equal routes are seen to be equal.
  const RE2* compile(const std::string& text, const conf::Node& where) {
    if (const auto known = regexes_.find(text); known != regexes_.end()) return known->second;
    RE2::Options options;
    options.set_log_errors(false);
    auto regex = std::make_unique<const RE2>(text, options);
    if (!regex->ok()) {
      problems_.add(where, fault_of_regex(regex->error(), where));
      return nullptr;
    }
    regexes_[text] = regex.get();
    cells_->regexes.push_back(std::move(regex));
    return cells_->regexes.back().get();
  }

  void sort(std::vector<Candidate>& candidates) const {
    std::stable_sort(candidates.begin(), candidates.end(), [this](const Candidate& a, const Candidate& b) {
      return predicates_[a.route] > predicates_[b.route];
    });
  }

  void report_unreachable(std::span<const RouteEntry> routes) {
    Reach reach(*cells_, routes.size());
    for (const auto& [key, candidates] : places_) {
      static const std::vector<Candidate> nothing;
      const auto regexes = places_.find({key.host, Place::regex, {}});
      const bool behind_regexes = key.place > Place::regex && regexes != places_.end();
      reach.judge(candidates, behind_regexes ? regexes->second : nothing);
    }
    reach.report(routes, problems_);
  }

  void lay_out(const PlaceKey& key, const std::vector<Candidate>& candidates) {
    const std::uint32_t index = host_of(key.host);
    Host& host = cells_->hosts[index];
    const Run run{static_cast<std::uint32_t>(cells_->candidates.size()),
                  static_cast<std::uint32_t>(candidates.size())};
    cells_->candidates.insert(cells_->candidates.end(), candidates.begin(), candidates.end());
    switch (key.place) {
      case Place::regex:
        host.regexes = run;
        break;
      case Place::rest:
        host.rest = run;
        break;
      case Place::exact:
        host.has_exact = true;
        add_cell(index, PathKind::exact, key.path, run);
        break;
      case Place::prefix:
        host.prefix_depth = std::max(host.prefix_depth, static_cast<std::uint32_t>(depth_of(key.path)));
        add_cell(index, PathKind::prefix, key.path, run);
        break;
    }
  }

  void add_cell(std::uint32_t host, PathKind kind, const std::string& path, Run run) {
    cells_->paths.insert(PathHashes(path).whole(), RouteCells::owner(host, kind), path,
                         static_cast<std::uint32_t>(cells_->runs.size()));
    cells_->runs.push_back(run);
  }

  std::uint32_t host_of(const std::string& name) {
    const auto [known, is_new] = hosts_.try_emplace(name, static_cast<std::uint32_t>(cells_->hosts.size()));
    if (!is_new) return known->second;
    cells_->hosts.emplace_back();
    if (name.empty()) {
      cells_->any_host = known->second;
    } else {
      cells_->has_wildcards |= name.front() == '.';
      cells_->host_names.insert(hash_step(0, name), 0, name, known->second);
    }
    return known->second;
  }

  conf::Problems& problems_;
  std::unique_ptr<RouteCells> cells_ = std::make_unique<RouteCells>();
  std::map<PlaceKey, std::vector<Candidate>> places_;
  std::map<std::string, const RE2*> regexes_;
  std::map<std::string, std::uint32_t> hosts_;
  std::vector<std::uint32_t> predicates_;  // by route: how many
};

}  // namespace

std::unique_ptr<const RouteCells> compile_routes(std::span<const RouteEntry> routes,
                                                 conf::Problems& problems) {
  return Compiler(problems).run(routes);
}

}  // namespace sluice::proxy
