#include "runtime/check_whole.h"

#include <algorithm>
#include <filesystem>
#include <span>

#include "base/text.h"
#include "conf/faults.h"
#include "net/address.h"
#include "proxy/route_table.h"
#include "upstream/endpoint_file.h"

namespace sluice::runtime {
namespace {

bool is_any(const net::Address& address) {
  const char* any = address.family() == AF_INET ? "0.0.0.0:0" : "[::]:0";
  return address.with_port(0) == net::Address::parse(any);
}

// "a.sock" for "./run/../a.sock". A name that begins with @ is no path.
std::string same_for_same_path(const std::string& address) {
  const auto path = address.substr(std::string_view("unix:").size());
  return path.starts_with('@') ? path : std::filesystem::path(path).lexically_normal().string();
}

// Two cannot both listen: the address is the same, or one of them is every address of its family. With port 0
// the system chooses, each time another one.
bool same_place(const std::string& one, const std::string& other) {
  const auto first = net::Address::parse(one), second = net::Address::parse(other);
  if (!first || !second || first->family() != second->family()) return false;
  if (first->is_unix()) return same_for_same_path(one) == same_for_same_path(other);
  if (first->port() == 0 || first->port() != second->port()) return false;
  return *first == *second || is_any(*first) || is_any(*second);
}

class WholeCheck {
 public:
  WholeCheck(Config& config, const conf::Node& root, conf::Problems& problems)
      : config_(config), root_(root), problems_(problems), faults_(problems) {}

  void run() {
    name_listeners();
    check_listeners();
    proxy::name_routes(config_.routes, problems_);
    if (knows_all("upstreams")) check_upstreams(config_.upstreams.names());
    if (knows_all("middlewares")) check_middlewares(config_.middlewares.names());
    if (problems_.empty()) return;
    check_reach();
    check_named_files();
  }

 private:
  void name_listeners() {
    for (auto& listener : config_.listeners) {
      const auto& where = listener.address.where;
      if (listener.name.empty() && !faults_.within(where)) listener.name = where.written();
    }
  }

  void check_listeners() {
    const std::span listeners(config_.listeners);
    for (std::size_t i = 0; i < listeners.size(); ++i) compare(listeners[i], listeners.first(i));
    if (config_.admin && any_has_place(listeners, *config_.admin->address))
      problems_.add(config_.admin->address.where, "a listener has this address too");
  }

  void compare(const ListenerConfig& listener, std::span<const ListenerConfig> before) {
    const auto has_its_name = [&](const ListenerConfig& other) { return other.name == listener.name; };
    if (any_has_place(before, *listener.address)) {
      problems_.add(listener.address.where, "another listener has this address too");
    } else if (!listener.name.empty() && std::any_of(before.begin(), before.end(), has_its_name)) {
      problems_.add(listener.where, "another listener has this name too");
    }
  }

  static bool any_has_place(std::span<const ListenerConfig> listeners, const std::string& address) {
    return std::any_of(listeners.begin(), listeners.end(),
                       [&](const ListenerConfig& one) { return same_place(*one.address, address); });
  }

  // Whether what is not among the names under a key of the top level is nowhere: not where that key was
  // misspelt, or written twice.
  bool knows_all(std::string_view key) const {
    if (const auto names = root_.find(key)) return names.is_map() && !names.incomplete();
    for (const auto& child : root_) {
      if (!Config::spec().field(child.key())) return false;
    }
    return true;
  }

  void check_upstreams(const std::vector<std::string_view>& names) {
    for (const auto& route : config_.routes) {
      for (const auto& share : route.upstream) check_reference("upstream", share.upstream.where, names);
    }
  }

  void check_middlewares(const std::vector<std::string_view>& names) {
    for (const auto& route : config_.routes) {
      for (const auto& use : route.middlewares) {
        if (use.is_reference()) check_reference("middleware", use.where, names);
      }
    }
  }

  void check_reference(const char* what, const conf::Node& where,
                       const std::vector<std::string_view>& names) {
    if (faults_.within(where) || std::find(names.begin(), names.end(), where.text()) != names.end()) return;
    problems_.add(where, std::string("no ") + what + " is named " + in_quotes(where.written()),
                  problems_.full() ? std::string() : conf::suggest(where.written(), names));
  }

  void check_reach() {
    auto entries = proxy::route_entries(config_.routes);
    std::erase_if(entries, [this](const proxy::RouteEntry& route) { return !matches_as_meant(route); });
    proxy::RouteTable(entries, problems_);
  }

  void check_named_files() {
    for (const auto& listener : config_.listeners) {
      if (listener.tls) check_files(*listener.tls, faults_, problems_);
    }
    for (const auto& upstream : config_.upstreams) {
      if (upstream.value.tls) check_files(*upstream.value.tls, faults_, problems_);
      const auto& list = upstream.value.endpoints_file;
      if (list && !faults_.within(list->where)) upstream::read_endpoint_file(**list, problems_);
    }
  }

  // Without a `match`, a problem may be that of a misspelt one.
  bool matches_as_meant(const proxy::RouteEntry& route) const {
    const auto match = route.where.find("match");
    return !faults_.within(match ? match : route.where) && !match.incomplete();
  }

  Config& config_;
  const conf::Node& root_;
  conf::Problems& problems_;
  const conf::Faults faults_;
};

}  // namespace

void check_whole(Config& config, const conf::Node& root, conf::Problems& problems) {
  WholeCheck(config, root, problems).run();
}

}  // namespace sluice::runtime
