// What a configuration says of an upstream: the entries of `upstreams`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "conf/node.h"
#include "conf/type.h"
#include "net/proxy_protocol.h"

namespace sluice::conf {
class ObjectSpec;
class EnumSpec;
}  // namespace sluice::conf

namespace sluice::net {
const conf::EnumSpec& enum_spec(ProxyVersion);
}

namespace sluice::upstream {

/// How the next endpoint is chosen.
enum class Balance : std::uint8_t { round_robin, random, least_request };
const conf::EnumSpec& enum_spec(Balance);

/// What is spoken with the endpoints.
enum class Protocol : std::uint8_t { http_1_1, h2, automatic };
const conf::EnumSpec& enum_spec(Protocol);

/// The Host that endpoints see: the client's, the endpoint's own, or a fixed one.
struct HostChoice {
  enum class Kind : std::uint8_t { preserve, endpoint, fixed };
  Kind kind = Kind::preserve;
  std::string name;  ///< For `fixed`.

  friend bool operator==(const HostChoice&, const HostChoice&) = default;
};

/// Status codes from `low` to `high`, both of them too: `204` or `200-299`.
struct StatusRange {
  int low = 200;
  int high = 299;

  bool contains(int status) const noexcept { return status >= low && status <= high; }
  friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

Parsed<StatusRange> parse_status_range(std::string_view text);
std::string format(StatusRange range);

/// `10.0.0.1:8080`, `[::1]:8080`, `app.internal:8080` or `unix:/run/app.sock`, taken apart.
struct EndpointAddress {
  std::string host;  ///< Without brackets; empty for a unix socket.
  std::uint16_t port = 0;
  std::string unix_path;  ///< Empty but for a unix socket.
};
std::optional<EndpointAddress> parse_endpoint_address(std::string_view text);

/// The same for two ways to write one endpoint.
std::string endpoint_key(std::string_view address);

struct EndpointConfig {
  std::string address;
  unsigned weight = 1;
  bool drain = false;

  static const conf::ObjectSpec& spec();
};

/// Endpoints in a file of their own.
struct EndpointListConfig {
  std::vector<EndpointConfig> endpoints;

  static const conf::ObjectSpec& spec();
};

struct TimeoutsConfig {
  Duration connect = std::chrono::seconds{1};
  Duration first_byte = std::chrono::seconds{60};
  Duration idle = std::chrono::seconds{60};

  static const conf::ObjectSpec& spec();
};

/// Counted for each endpoint, over all workers.
struct ConnectionsConfig {
  unsigned max = 1024;
  unsigned idle_max = 1024;
  unsigned pending_max = 1024;
  unsigned streams = 100;

  static const conf::ObjectSpec& spec();
};

enum class CheckType : std::uint8_t { http, tcp, grpc };
const conf::EnumSpec& enum_spec(CheckType);

struct HealthCheckConfig {
  std::optional<CheckType> type;  ///< Unset: http where there is a path, else tcp. See kind().
  std::optional<std::string> path;
  std::optional<std::string> host;
  std::optional<std::string> service;
  Duration interval = std::chrono::seconds{5};
  Duration timeout = std::chrono::seconds{1};
  unsigned healthy_after = 2;
  unsigned unhealthy_after = 3;
  std::vector<StatusRange> expect{StatusRange{}};
  Percent jitter{10};

  CheckType kind() const noexcept { return type.value_or(path ? CheckType::http : CheckType::tcp); }
  bool expects(int status) const noexcept;
  static const conf::ObjectSpec& spec();
};

/// TLS towards the endpoints.
struct UpstreamTlsConfig {
  std::optional<std::string> server_name;  ///< Unset: the host of the endpoint.
  std::optional<conf::Located<std::string>> ca;
  std::optional<conf::Located<std::string>> certificate;
  std::optional<conf::Located<std::string>> private_key;
  bool verify = true;

  static const conf::ObjectSpec& spec();
};

struct UpstreamConfig {
  std::vector<EndpointConfig> endpoints;
  std::optional<conf::Located<std::string>> endpoints_file;  ///< In place of them; see read_endpoint_file().
  Balance balance = Balance::round_robin;
  Protocol protocol = Protocol::http_1_1;
  HostChoice host;
  std::optional<UpstreamTlsConfig> tls;
  std::optional<net::ProxyVersion> proxy_protocol;
  TimeoutsConfig timeouts;
  ConnectionsConfig connections;
  std::optional<HealthCheckConfig> health_check;
  conf::Node where;  ///< Not a field: where it was written.

  static const conf::ObjectSpec& spec();
};

}  // namespace sluice::upstream

template <>
struct sluice::conf::Type<sluice::upstream::HostChoice> {
  static const TypeSpec& spec();
};
template <>
struct sluice::conf::Type<sluice::upstream::StatusRange> {
  static const TypeSpec& spec();
};
