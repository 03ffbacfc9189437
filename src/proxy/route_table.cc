#include "proxy/route_table.h"

#include <array>
#include <string>

#include "proxy/route_cells.h"
#include "proxy/route_compiler.h"
#include "sluice/query.h"

namespace sluice::proxy {
namespace {

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

bool regex_takes_decoded(const RE2& regex, std::string_view encoded) {
  std::array<char, 512> small;
  if (encoded.size() <= small.size()) {
    const std::size_t size = decode_query(encoded, small.data());
    return RE2::FullMatch(piece({small.data(), size}), regex);
  }
  std::string large(encoded.size(), '\0');
  large.resize(decode_query(encoded, large.data()));
  return RE2::FullMatch(large, regex);
}

// One request against one table.
class Matcher {
 public:
  Matcher(const RouteCells& cells, const RequestHead& request) noexcept
      : cells_(cells), request_(request), method_(cells.methods.bit(request)), path_(request.path) {}

  RouteResult run() noexcept {
    if (match_hosts()) return result_;
    if (result_.allowed != 0) result_.refusal = http::Reason::method_not_allowed;
    return result_;
  }

 private:
  bool match_hosts() noexcept {
    const std::string_view host = request_.host;
    if (!host.starts_with('.') && match_host(find_host(host))) return true;  // that is how wildcards are kept
    if (cells_.has_wildcards) {  // from the longest suffix to the shortest
      for (auto dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
        if (dot > 0 && match_host(find_host(host.substr(dot)))) return true;
      }
    }
    return match_host(cells_.any_host);
  }

  std::uint32_t find_host(std::string_view name) const noexcept {
    return cells_.host_names.find(hash_step(0, name), 0, name);
  }

  bool match_host(std::uint32_t index) noexcept {
    if (index == CellTable::none) return false;
    const Host& host = cells_.hosts[index];
    if (host.has_exact && match_cell(index, PathKind::exact, path_.whole(), path_.path())) return true;
    if (host.regexes.count != 0 && match_run(host.regexes)) return true;
    for (std::size_t depth = std::min<std::size_t>(host.prefix_depth, path_.depth()); depth > 0; --depth) {
      const auto& prefix = path_.prefix(depth);
      if (match_cell(index, PathKind::prefix, prefix.hash, path_.path().substr(0, prefix.size)))
        return rest_after(prefix.size);
    }
    return match_run(host.rest) && rest_after(0);
  }

  bool match_cell(std::uint32_t host, PathKind kind, std::uint64_t hash, std::string_view path) noexcept {
    const std::uint32_t run = cells_.paths.find(hash, RouteCells::owner(host, kind), path);
    return run != CellTable::none && match_run(cells_.runs[run]);
  }

  bool match_run(Run run) noexcept {
    for (std::uint32_t i = run.first; i < run.first + run.count; ++i) {
      const Candidate& candidate = cells_.candidates[i];
      if (!meets_demands(candidate)) continue;
      if (candidate.path != nullptr && !RE2::FullMatch(piece(path_.path()), *candidate.path)) continue;
      if (candidate.methods != every_method && (candidate.methods & method_) == 0) {
        result_.allowed |= candidate.methods;
        continue;
      }
      result_.route = candidate.route;
      result_.refusal = http::Reason::none;
      return true;
    }
    return false;
  }

  bool rest_after(std::size_t size) noexcept {
    result_.path_rest = path_.path().substr(std::min(size + 1, path_.path().size()));
    return true;
  }

  bool meets_demands(const Candidate& candidate) const noexcept {
    for (std::uint32_t i = 0; i < candidate.demands.count; ++i) {
      if (!meets(cells_.demands[candidate.demands.first + i])) return false;
    }
    return true;
  }

  bool meets(const Demand& demand) const noexcept {
    const bool found = demand.source == Demand::Source::header ? in_header(demand) : in_query(demand);
    return found != (demand.test == Demand::Test::absent);
  }

  // A field, or parameter, of that name that passes the test; for `absent`, any of that name.
  bool in_header(const Demand& demand) const noexcept {
    const http::HeaderBlock& fields = request_.fields;
    if (demand.field != http::FieldName::other && !fields.has(demand.field)) return false;
    for (const http::HeaderBlock::Field field : fields) {
      if (field.token != demand.field) continue;
      if (field.token == http::FieldName::other && !http::equal_ignore_case(field.name, demand.name))
        continue;
      if (demand.test == Demand::Test::exact && field.value != demand.value) continue;
      if (demand.test == Demand::Test::regex && !RE2::FullMatch(piece(field.value), *demand.regex)) continue;
      return true;
    }
    return false;
  }

  bool in_query(const Demand& demand) const noexcept {
    return any_query_parameter(request_.query, [&](std::string_view name, std::string_view value) {
      if (!decodes_to(name, demand.name)) return false;
      if (demand.test == Demand::Test::exact) return decodes_to(value, demand.value);
      return demand.test != Demand::Test::regex || regex_takes_decoded(*demand.regex, value);
    });
  }

  const RouteCells& cells_;
  const RequestHead& request_;
  const MethodSet method_;
  const PathHashes path_;
  RouteResult result_;
};

}  // namespace

RouteTable::RouteTable() : cells_(std::make_unique<RouteCells>()) {}
RouteTable::RouteTable(std::span<const RouteEntry> routes, conf::Problems& problems)
    : cells_(compile_routes(routes, problems)) {}
RouteTable::RouteTable(RouteTable&&) noexcept = default;
RouteTable& RouteTable::operator=(RouteTable&&) noexcept = default;
RouteTable::~RouteTable() = default;

RouteResult RouteTable::match(const RequestHead& request) const noexcept {
  return Matcher(*cells_, request).run();
}

std::string_view RouteTable::allow(const RouteResult& result, Arena& arena) const {
  return cells_->methods.text(result.allowed, arena);
}

}  // namespace sluice::proxy
