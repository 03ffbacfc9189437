// The whole configuration as plain data, bound from one YAML file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "conf/binder.h"
#include "conf/secret.h"
#include "conf/sources.h"
#include "net/loop.h"
#include "proxy/route_config.h"
#include "runtime/memory_limit.h"
#include "runtime/tls_config.h"
#include "telemetry/access_log_config.h"
#include "telemetry/log.h"
#include "upstream/config.h"
#include "upstream/dns/config.h"

namespace sluice::runtime {

struct ListenerLimitsConfig {
  std::uint64_t connections = 20'000;
  std::optional<std::uint64_t> connections_per_client;
  Bytes request_line{8 * 1024};
  Bytes header_bytes{32 * 1024};
  std::uint32_t header_count = 100;
  std::optional<Bytes> body;  ///< Unset: no limit.
  Duration header_timeout = std::chrono::seconds(10);
  Duration idle_timeout = std::chrono::seconds(60);
  Duration body_timeout = std::chrono::seconds(30);
  std::optional<ByteRate> body_min_rate = ByteRate{Bytes{500}};  ///< Unset: none.
  Duration tunnel_timeout = std::chrono::hours(1);
  std::uint32_t concurrent_streams = 100;
  std::uint64_t requests_per_connection = 10'000;

  static const conf::ObjectSpec& spec();
};

/// By its ALPN name.
enum class Protocol : std::uint8_t { h2, http_1_1 };
const conf::EnumSpec& enum_spec(Protocol);

struct ListenerConfig {
  std::string name;  ///< Where it is not written: the address as it is written.
  conf::Located<std::string> address;
  std::vector<conf::Located<std::string>> trusted_proxies;
  bool proxy_protocol = false;
  std::optional<ListenerTlsConfig> tls;
  std::vector<Protocol> protocols = {Protocol::h2, Protocol::http_1_1};
  ListenerLimitsConfig limits;
  conf::Node where;

  static const conf::ObjectSpec& spec();
};

struct AdminConfig {
  conf::Located<std::string> address;
  std::optional<conf::Secret> key;

  static const conf::ObjectSpec& spec();
};

struct ShutdownConfig {
  Duration grace = std::chrono::seconds(1);
  Duration drain = std::chrono::seconds(30);

  static const conf::ObjectSpec& spec();
};

/// What the whole process may use.
struct LimitsConfig {
  MemoryLimit memory;

  static const conf::ObjectSpec& spec();
};

/// How a running gateway learns of a changed configuration, beside SIGHUP and POST /reload.
struct ReloadConfig {
  bool watch = false;

  static const conf::ObjectSpec& spec();
};

/// net::Backend, or none for `auto`.
enum class EventLoop : std::uint8_t { automatic, uring, epoll, asio };
const conf::EnumSpec& enum_spec(EventLoop);

struct Config {
  std::vector<std::string> include;      ///< Has been read: all below holds what those files add.
  std::optional<std::uint32_t> workers;  ///< Unset: one for each core that the process may use.
  EventLoop event_loop = EventLoop::automatic;
  std::vector<ListenerConfig> listeners;
  conf::NamedList<upstream::UpstreamConfig> upstreams;
  upstream::DnsConfig dns;
  conf::NamedList<conf::Definition> middlewares;
  std::vector<proxy::RouteConfig> routes;
  std::optional<middleware::Refusal> refusal;
  telemetry::AccessLogConfig access_log;
  log::Config log;
  std::optional<AdminConfig> admin;
  ShutdownConfig shutdown;
  LimitsConfig limits;
  ReloadConfig reload;
  conf::Node where;

  static const conf::ObjectSpec& spec();
};

/// The configuration in force: defaults written out, `workers` as many as there are, secrets hidden, and what
/// came from a ${…} as it was written.
conf::Json to_json(const Config& config, unsigned workers);

/// The kinds that a configuration may use: the built-in middlewares.
const conf::Catalog& catalog();

/// Reads, binds and checks a file; what is wrong, all of it, is in `problems`, and then nothing is
/// returned. References between parts are checked too.
/// What was read goes to `sources`, also where nothing is returned: the file, those that it includes, those
/// of
/// ${file:…} and of TLS. How they looked is noted before they are read.
std::optional<Config> load_config(const std::string& path, conf::Problems& problems, conf::Sources& sources);
std::optional<Config> load_config(const std::string& path, conf::Problems& problems);

/// The same from a text; `name` stands for the file in problems.
std::optional<Config> parse_config(std::string_view text, const std::string& name, conf::Problems& problems);

}  // namespace sluice::runtime
