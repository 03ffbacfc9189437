#include "runtime/config.h"

#include <nlohmann/json.hpp>

#include "conf/include.h"
#include "middleware/builtins.h"
#include "net/prefix.h"
#include "runtime/check_whole.h"
#include "runtime/listen_address.h"
#include "sluice/registry.h"

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

conf::Option address_range() {
  return conf::matching(
      "an address range like 10.0.0.0/8, an address, or unix", "",
      [](std::string_view text) { return text == "unix" || net::Prefix::parse(text).has_value(); });
}

bool is_admin_key(std::string_view text) {
  const auto is_visible = [](char c) { return c >= '!' && c <= '~'; };
  return text.size() >= 16 && text.size() <= 256 && std::all_of(text.begin(), text.end(), is_visible);
}

}  // namespace

const conf::ObjectSpec& ListenerLimitsConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<ListenerLimitsConfig>("ListenerLimits", "What clients may use.")
          .field("connections", &ListenerLimitsConfig::connections,
                 "Connections at the same time, over all workers. More are answered 503 before a request is "
                 "read, and closed; "
                 "with TLS closed at once.",
                 conf::at_least(1))
          .field("connections_per_client", &ListenerLimitsConfig::connections_per_client,
                 "The same for one client: an IPv4 address, or an IPv6 /64. Trusted proxies and unix sockets "
                 "are not "
                 "counted. No limit where it is not written.",
                 conf::at_least(1))
          .field("request_line", &ListenerLimitsConfig::request_line, "Longest request line; 414 beyond.",
                 conf::between(Bytes{256}, Bytes{1024 * 1024}))
          .field("header_bytes", &ListenerLimitsConfig::header_bytes, "Largest request head; 431 beyond.",
                 conf::between(Bytes{512}, Bytes{1024 * 1024}))
          .field("header_count", &ListenerLimitsConfig::header_count,
                 "Most header fields of a request; 431 beyond.", conf::between(1, 10000))
          .field("body", &ListenerLimitsConfig::body,
                 "Largest request body; 413 beyond. No limit where it is not written.")
          .field("header_timeout", &ListenerLimitsConfig::header_timeout,
                 "From the first byte of a request head to its last; 408 beyond.", conf::between(1ms, 1h))
          .field("idle_timeout", &ListenerLimitsConfig::idle_timeout,
                 "How long a connection may wait for its next request.", conf::between(1ms, 24h))
          .field("body_timeout", &ListenerLimitsConfig::body_timeout,
                 "How long a client may keep a body waiting, in either direction; 408 where it is the "
                 "request's.",
                 conf::between(1ms, 24h))
          .field("body_min_rate", &ListenerLimitsConfig::body_min_rate,
                 "Least rate at which a client sends or takes what is waited for: each byte gives back the "
                 "part of "
                 "`body_timeout` that it may take. With `off` any byte gives all of it back.",
                 conf::or_word("off"), conf::at_least(ByteRate{Bytes{1}}))
          .field("tunnel_timeout", &ListenerLimitsConfig::tunnel_timeout,
                 "How long an upgraded connection may be silent in both directions.",
                 conf::between(1ms, 24h * 30))
          .field("concurrent_streams", &ListenerLimitsConfig::concurrent_streams,
                 "HTTP/2 requests that one connection may have under way; more are refused.",
                 conf::between(1, 10000))
          .field("requests_per_connection", &ListenerLimitsConfig::requests_per_connection,
                 "Requests after which a connection is closed.", conf::at_least(1));
  return spec;
}

const conf::ObjectSpec& ListenerConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<ListenerConfig>("Listener", "An address at which clients are served.")
          .field("name", &ListenerConfig::name, "In logs and metrics; the address where it is not written.")
          .field("address", &ListenerConfig::address, "Where to listen: host address and port, or unix:PATH.",
                 conf::required(), listen_address())
          .field("trusted_proxies", &ListenerConfig::trusted_proxies,
                 "Whose X-Forwarded-For, -Proto, -Host and Forwarded are believed: address ranges, or `unix` "
                 "for "
                 "peers on a unix socket.",
                 address_range())
          .field("proxy_protocol", &ListenerConfig::proxy_protocol,
                 "Every connection begins with a PROXY header (version 1 or 2), which names the client. It "
                 "is taken "
                 "from trusted_proxies only; other connections are closed.")
          .field("tls", &ListenerConfig::tls, "TLS with clients; in the clear where it is not written.")
          .field("protocols", &ListenerConfig::protocols,
                 "What is spoken, the preferred one first: with TLS the client and ALPN choose, in the clear "
                 "the client "
                 "begins with HTTP/2's preface (prior knowledge) or without.",
                 conf::count(1))
          .field("limits", &ListenerConfig::limits, "What clients may use.")
          .where(&ListenerConfig::where)
          .check([](const ListenerConfig& listener, conf::Scope& scope) {
            if (listener.proxy_protocol && listener.trusted_proxies.empty()) {
              scope.problem("proxy_protocol", "nobody is trusted to send a PROXY header",
                            "add trusted_proxies");
            }
          });
  return spec;
}

const conf::ObjectSpec& AdminConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<AdminConfig>(
          "Admin", "The listener for operators: /metrics, /healthz, /readyz, /upstreams, /config, /reload.")
          .field("address", &AdminConfig::address, "Where to listen; keep it off public networks.",
                 conf::required(), listen_address())
          .field(
              "key", &AdminConfig::key,
              "Whoever shows it as Authorization: Bearer may change things. Without one that is possible on "
              "a "
              "unix socket alone, by its file's mode.",
              conf::matching("a key of 16 to 256 visible ASCII characters", "^[!-~]{16,256}$", is_admin_key));
  return spec;
}

const conf::ObjectSpec& ShutdownConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<ShutdownConfig>("Shutdown", "What SIGTERM and SIGINT do.")
          .field("grace", &ShutdownConfig::grace,
                 "How long new requests are still served, at most `drain`: connections are accepted, and "
                 "every response "
                 "says Connection: close.",
                 conf::between(0s, 24h))
          .field("drain", &ShutdownConfig::drain,
                 "How long all of it may take until exchanges under way are cut.", conf::between(0s, 24h));
  return spec;
}

const conf::ObjectSpec& LimitsConfig::spec() {
  static const conf::ObjectSpec spec = conf::object<LimitsConfig>("Limits", "What the whole process may use.")
                                           .field("memory", &LimitsConfig::memory,
                                                  "Resident memory that the process keeps below: near it new "
                                                  "requests are refused with 503 until there is room "
                                                  "again. auto: 80 % of what the cgroup allows, or of the "
                                                  "machine's memory; a size, at least 32MiB; or off.");
  return spec;
}

const conf::ObjectSpec& ReloadConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<ReloadConfig>("Reload", "How a running gateway learns of a changed configuration.")
          .field(
              "watch", &ReloadConfig::watch,
              "Whether a change of the configuration's files is taken into force without being asked for: of "
              "the file itself, those that it includes, those of `${file:…}`, certificates. SIGHUP and POST "
              "/reload work either way.");
  return spec;
}

const conf::EnumSpec& enum_spec(Protocol) {
  static const auto spec = conf::enumeration<Protocol>(
      "protocol",
      {{"h2", Protocol::h2, "HTTP/2."}, {"http/1.1", Protocol::http_1_1, "HTTP/1.1 and HTTP/1.0."}});
  return spec;
}

const conf::EnumSpec& enum_spec(EventLoop) {
  static const auto spec = conf::enumeration<EventLoop>(
      "event loop",
      {
          {"auto", EventLoop::automatic, "uring where the kernel and the container allow it, else epoll."},
          {"uring", EventLoop::uring, "io_uring; Linux 6.1 or later."},
          {"epoll", EventLoop::epoll, "epoll, edge-triggered."},
          {"asio", EventLoop::asio, "Stock Asio; the reference, not the fastest."},
      });
  return spec;
}

const conf::ObjectSpec& Config::spec() {
  static const conf::ObjectSpec spec =
      conf::object<Config>("Configuration", "The configuration of sluice.")
          .field(
              "include", &Config::include,
              "Other files of the configuration: paths, or patterns with *, ? and [], relative to this "
              "file's folder. Their lists are appended, their maps of names merged, all else is there once.",
              conf::path())
          .field("workers", &Config::workers,
                 "Event loops, each on a thread; auto: one for each core that the process may use.",
                 conf::or_word("auto"), conf::between(1, 1024))
          .field("event_loop", &Config::event_loop, "What drives the sockets.")
          .field("listeners", &Config::listeners, "Where clients are served.", conf::required(),
                 conf::count(1, 1000))
          .field("upstreams", &Config::upstreams, "The services behind the gateway, by name.")
          .field("dns", &Config::dns, "How the names of endpoints are resolved.")
          .field("middlewares", &Config::middlewares,
                 "Middlewares by name, for use in many routes; routes that name one share its state.",
                 conf::kinds(std::string(MiddlewareKind::category)))
          .field("routes", &Config::routes, "Which requests go where; the most specific route wins.",
                 conf::required(), conf::count(1, 100'000))
          .field("refusal", &Config::refusal,
                 "The body of refusals, in place of problem+json, where a route has none of its own or none "
                 "matched.")
          .field("access_log", &Config::access_log, "A line for each request.")
          .field("log", &Config::log, "What the process says of itself, on stderr.")
          .field("admin", &Config::admin, "The listener for operators; none where it is not written.")
          .field("shutdown", &Config::shutdown, "What SIGTERM and SIGINT do.")
          .field("limits", &Config::limits, "What the whole process may use.")
          .field("reload", &Config::reload, "How a running gateway learns of a changed configuration.")
          .where(&Config::where);
  return spec;
}

conf::Json to_json(const Config& config, unsigned workers) {
  auto in_force = config;
  in_force.workers = workers;
  return conf::to_json(in_force, conf::Disclosure::redacted, config.where);
}

const conf::Catalog& catalog() {
  static const conf::Catalog catalog = [] {
    conf::Catalog made;
    add_kinds(made, middleware::builtins());
    return made;
  }();
  return catalog;
}

namespace {

void add_tls_files(const Config& config, conf::Sources& sources) {
  for (const auto& listener : config.listeners) {
    if (listener.tls) add_files(*listener.tls, sources);
  }
  for (const auto& upstream : config.upstreams) {
    if (upstream.value.tls) add_files(*upstream.value.tls, sources);
    if (const auto& endpoints = upstream.value.endpoints_file) sources.add(**endpoints);
  }
}

std::optional<Config> bind_config(const conf::Node& root, conf::Problems& problems, conf::Sources& sources) {
  if (!root) return {};
  Config config;
  conf::bind(root, config, problems, catalog());
  add_tls_files(config, sources);
  check_whole(config, root, problems);
  if (!problems.empty()) return {};
  return config;
}

}  // namespace

std::optional<Config> load_config(const std::string& path, conf::Problems& problems, conf::Sources& sources) {
  return bind_config(conf::read_config(path, Config::spec(), problems, sources), problems, sources);
}

std::optional<Config> load_config(const std::string& path, conf::Problems& problems) {
  conf::Sources sources;
  return load_config(path, problems, sources);
}

std::optional<Config> parse_config(std::string_view text, const std::string& name, conf::Problems& problems) {
  conf::Sources sources;
  return bind_config(conf::read_config_text(text, name, Config::spec(), problems, sources), problems,
                     sources);
}

}  // namespace sluice::runtime
