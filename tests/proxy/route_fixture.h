// Routes from YAML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "middleware/builtins.h"
#include "proxy/route_config.h"
#include "proxy/route_table.h"

namespace sluice::proxy {

/// `text` is a list of routes.
struct Routes {
  explicit Routes(std::string_view text) {
    add_kinds(catalog, middleware::builtins());
    root = conf::read_text("routes:\n" + std::string(text), "test.yaml", problems);
    List list;
    conf::bind(root, list, problems, catalog);
    routes = std::move(list.routes);
    name_routes(routes, problems);
    if (problems.empty()) table = RouteTable(route_entries(routes), problems);
  }

  /// Name of the route that the request leads to, or of the refusal.
  std::string to(const RequestHead& request) const {
    const RouteResult result = table.match(request);
    return result ? routes[result.route].name : std::string(http::name(result.refusal));
  }

  struct List {
    std::vector<RouteConfig> routes;
    static const conf::ObjectSpec& spec() {
      static const conf::ObjectSpec spec =
          conf::object<List>("List", "For tests.").field("routes", &List::routes, "Routes.");
      return spec;
    }
  };
  conf::Catalog catalog;
  conf::Problems problems;
  conf::Node root;
  std::vector<RouteConfig> routes;
  RouteTable table;
};

}  // namespace sluice::proxy
