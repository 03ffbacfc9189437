#include "upstream/config.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "conf/binder.h"
#include "net/address.h"
#include "upstream/written_address.h"

namespace sluice::net {

const conf::EnumSpec& enum_spec(ProxyVersion) {
  static const auto spec = conf::enumeration<ProxyVersion>(
      "PROXY protocol version",
      {{"v1", ProxyVersion::v1, "A line of text."}, {"v2", ProxyVersion::v2, "Binary."}});
  return spec;
}

}  // namespace sluice::net

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

// Letters, digits, dots, hyphens and underscores, as names of hosts and containers are.
bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253 || text.front() == '-' || text.front() == '.') return false;
  if (text.find("..") != text.npos) return false;  // an empty label
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alpha(c) || is_digit(c) || c == '.' || c == '-' || c == '_'; });
}

// "10.0.0.300" is a wrong address rather than a name: the last label of a name is never a number.
bool looks_like_ipv4(std::string_view host) {
  const auto last = host.substr(host.rfind('.') + 1);
  return !last.empty() && std::all_of(last.begin(), last.end(), is_digit);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return {};
  return port;
}

bool is_path(std::string_view text) {
  return text.starts_with('/') && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '#';
         });
}

bool is_address_without_port(std::string_view text) {
  const auto with_port =
      text.find(':') == text.npos ? std::string(text) + ":1" : "[" + std::string(text) + "]:1";
  const auto address = net::Address::parse(with_port);
  return address && !address->is_unix();
}

bool is_server_name(std::string_view text) {
  return looks_like_ipv4(text) || text.find(':') != text.npos ? is_address_without_port(text)
                                                              : is_host_name(text);
}

bool is_host_field(std::string_view text) {
  if (is_host_name(text)) return true;
  return parse_endpoint_address(text) && !text.starts_with("unix:");
}

Parsed<HostChoice> parse_host_choice(std::string_view text) {
  if (text == "preserve") return HostChoice{HostChoice::Kind::preserve, {}};
  if (text == "endpoint") return HostChoice{HostChoice::Kind::endpoint, {}};
  if (is_host_field(text)) return HostChoice{HostChoice::Kind::fixed, std::string(text)};
  return Malformed{"wanted preserve, endpoint or a host name, found " + in_quotes(text)};
}

std::string show(const HostChoice& choice) {
  switch (choice.kind) {
    case HostChoice::Kind::preserve:
      return "preserve";
    case HostChoice::Kind::endpoint:
      return "endpoint";
    case HostChoice::Kind::fixed:
      return choice.name;
  }
  return {};
}

void check_tls(const UpstreamTlsConfig& config, conf::Scope& scope) {
  if (config.certificate && !config.private_key) {
    scope.problem("certificate", "a certificate without its key", "add private_key");
  } else if (config.private_key && !config.certificate) {
    scope.problem("private_key", "a key without its certificate", "add certificate");
  }
}

void check_endpoints(const std::vector<EndpointConfig>& endpoints, conf::Scope& scope) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    if (seen.insert(endpoint_key(endpoints[i].address)).second) continue;
    scope.problem(fmt::format("endpoints[{}]", i), "this endpoint is listed twice",
                  "give it a weight instead");
  }
}

void check_protocol(const UpstreamConfig& config, conf::Scope& scope) {
  if (config.protocol == Protocol::automatic && !config.tls)
    scope.problem("protocol", "without TLS there is no handshake that agrees on a protocol",
                  "write `protocol: h2` or `protocol: http/1.1`, or add `tls: {}`");
  if (config.protocol != Protocol::http_1_1 && config.proxy_protocol)
    scope.problem("proxy_protocol",
                  "requests of several clients share an HTTP/2 connection, which has one PROXY header",
                  "write `protocol: http/1.1`");
  if (config.protocol == Protocol::http_1_1 && config.health_check &&
      config.health_check->kind() == CheckType::grpc)
    scope.problem("health_check.type", "gRPC is spoken in HTTP/2", "write `protocol: h2`");
}

void check_upstream(const UpstreamConfig& config, conf::Scope& scope) {
  check_endpoints(config.endpoints, scope);
  check_protocol(config, scope);
}

void check_health_check(const HealthCheckConfig& config, conf::Scope& scope) {
  if (config.kind() == CheckType::http && !config.path)
    scope.problem("type", "an http check needs a path", "add `path: /healthz`, or use `type: tcp`");
  const auto has_no = [&](std::string_view kind, std::initializer_list<const char*> keys) {
    for (const auto* key : keys)
      if (scope.written(key)) scope.problem(key, fmt::format("a {} check has no {}", kind, key));
  };
  if (config.kind() == CheckType::tcp) has_no("tcp", {"path", "host", "expect"});
  if (config.kind() == CheckType::grpc) has_no("grpc", {"path", "expect"});
  if (config.kind() != CheckType::grpc) has_no(config.kind() == CheckType::tcp ? "tcp" : "http", {"service"});
  if (config.timeout > config.interval)
    scope.problem("timeout", fmt::format("the timeout {} is longer than the interval {}",
                                         sluice::format(config.timeout), sluice::format(config.interval)));
}

}  // namespace

std::optional<EndpointAddress> parse_endpoint_address(std::string_view text) {
  if (text.starts_with("unix:")) {
    if (!net::Address::parse(text)) return {};
    return EndpointAddress{{}, 0, std::string(text.substr(5))};
  }
  const auto colon = text.rfind(':');
  if (colon == text.npos) return {};
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return {};
  auto host = text.substr(0, colon);
  if (host.starts_with('[') || looks_like_ipv4(host)) {
    if (!net::Address::parse(text)) return {};
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  } else if (!is_host_name(host)) {
    return {};
  }
  return EndpointAddress{std::string(host), *port, {}};
}

std::string endpoint_key(std::string_view address) {
  const auto parsed = net::Address::parse(address);
  if (parsed) return parsed->to_string();
  return ascii_lower(address);
}

Parsed<StatusRange> parse_status_range(std::string_view text) {
  const auto number = [](std::string_view digits) -> int {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return digits.size() == 3 && error == std::errc{} && end == digits.data() + 3 ? value : 0;
  };
  const auto dash = text.find('-');
  const int low = number(text.substr(0, dash));
  const int high = dash == text.npos ? low : number(text.substr(dash + 1));
  if (low < 200 || high > 599 || low > high)
    return Malformed{"wanted a final status like 204 or a range like 200-299, found " + in_quotes(text)};
  return StatusRange{low, high};
}

std::string format(StatusRange range) {
  return range.low == range.high ? fmt::format("{}", range.low) : fmt::format("{}-{}", range.low, range.high);
}

const conf::EnumSpec& enum_spec(Balance) {
  static const auto spec = conf::enumeration<Balance>(
      "balance", {
                     {"round_robin", Balance::round_robin, "Each in turn, spread by weight."},
                     {"random", Balance::random, "Any, by weight."},
                     {"least_request", Balance::least_request,
                      "Of two drawn by weight, the one with fewer requests under way for its weight."},
                 });
  return spec;
}

const conf::EnumSpec& enum_spec(Protocol) {
  static const auto spec = conf::enumeration<Protocol>(
      "protocol",
      {{"http/1.1", Protocol::http_1_1, "HTTP/1.1, one request at a time on a connection."},
       {"h2", Protocol::h2, "HTTP/2: over TLS where there is `tls`, else in the clear without asking."},
       {"auto", Protocol::automatic, "Which of the two the TLS handshake (ALPN) agrees on."}});
  return spec;
}

const conf::EnumSpec& enum_spec(CheckType) {
  static const auto spec = conf::enumeration<CheckType>(
      "check type", {
                        {"http", CheckType::http, "A GET that is answered with an expected status."},
                        {"tcp", CheckType::tcp, "A connection that is accepted."},
                        {"grpc", CheckType::grpc, "grpc.health.v1.Health/Check, which is to say SERVING."},
                    });
  return spec;
}

const conf::ObjectSpec& EndpointConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<EndpointConfig>("Endpoint", "One server of an upstream.")
          .field("address", &EndpointConfig::address,
                 "Address or host name with a port, or unix: and a path; a name is resolved again as its TTL "
                 "says.",
                 conf::required(),
                 conf::matching(
                     "an endpoint like 10.0.0.1:8080, [::1]:8080, app.internal:8080 or unix:/run/app.sock",
                     "^(unix:.+|.+:[0-9]{1,5})$",
                     [](std::string_view text) { return parse_endpoint_address(text).has_value(); },
                     &endpoint_instead_of))
          .field("weight", &EndpointConfig::weight, "Its share of the requests, relative to the others.",
                 conf::between(1, 1000))
          .field("drain", &EndpointConfig::drain,
                 "true: no new requests; those under way are finished, and it is still checked.")
          .shorthand(conf::Node::Kind::scalar, "address");
  return spec;
}

const conf::ObjectSpec& EndpointListConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<EndpointListConfig>("Endpoints", "The endpoints of an upstream, in a file of their own.")
          .field("endpoints", &EndpointListConfig::endpoints, "The servers; there may be none.",
                 conf::required(), conf::count(0, 10000))
          .shorthand(conf::Node::Kind::list, "endpoints")
          .check([](const EndpointListConfig& list, conf::Scope& scope) {
            check_endpoints(list.endpoints, scope);
          });
  return spec;
}

const conf::ObjectSpec& TimeoutsConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<TimeoutsConfig>("Timeouts", "How long an upstream may take.")
          .field("connect", &TimeoutsConfig::connect, "Until a connection stands, for each address.",
                 conf::between(1ms, 5min))
          .field("first_byte", &TimeoutsConfig::first_byte,
                 "From the end of the request until the response head is complete.", conf::between(1ms, 24h))
          .field("idle", &TimeoutsConfig::idle,
                 "Without a byte: a body that stalls is cut off, an unused connection is closed.",
                 conf::between(1ms, 24h));
  return spec;
}

const conf::ObjectSpec& ConnectionsConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<ConnectionsConfig>("Connections", "Limits for each endpoint, over all workers.")
          .field("max", &ConnectionsConfig::max, "Open connections.", conf::between(1, 1000000))
          .field("idle_max", &ConnectionsConfig::idle_max,
                 "Unused connections kept for later, shared out evenly among the workers; 0 keeps none.",
                 conf::between(0, 1000000))
          .field("pending_max", &ConnectionsConfig::pending_max,
                 "Requests that may wait for a connection once `max` are open; 0 refuses at once.",
                 conf::between(0, 1000000))
          .field("streams", &ConnectionsConfig::streams,
                 "Requests at a time on one HTTP/2 connection; the endpoint may allow fewer.",
                 conf::between(1, 10000));
  return spec;
}

bool HealthCheckConfig::expects(int status) const noexcept {
  return std::any_of(expect.begin(), expect.end(),
                     [&](const StatusRange& range) { return range.contains(status); });
}

const conf::ObjectSpec& HealthCheckConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<HealthCheckConfig>("HealthCheck",
                                      "Asks every endpoint, in the background, whether it can serve.")
          .field("type", &HealthCheckConfig::type, "By default http where there is a path, else tcp.")
          .field("path", &HealthCheckConfig::path, "What is asked for by GET, with a query if need be.",
                 conf::matching("a path like /healthz", "^/[^ #]*$", is_path))
          .field("host", &HealthCheckConfig::host, "The Host that is sent; by default the endpoint's own.",
                 conf::matching("a host name, with a port if need be", "^[^/ ]+$", is_host_field))
          .field("service", &HealthCheckConfig::service,
                 "The service that a grpc check asks for; by default the server as a whole.")
          .field("interval", &HealthCheckConfig::interval,
                 "Between two checks of an endpoint; shorter while a change is being confirmed.",
                 conf::between(10ms, 1h))
          .field("timeout", &HealthCheckConfig::timeout, "For one check, connecting included.",
                 conf::between(1ms, 60s))
          .field("healthy_after", &HealthCheckConfig::healthy_after,
                 "Good checks in a row that bring an unhealthy endpoint back.", conf::between(1, 100))
          .field("unhealthy_after", &HealthCheckConfig::unhealthy_after,
                 "Failed checks in a row that take a healthy endpoint out.", conf::between(1, 100))
          .field("expect", &HealthCheckConfig::expect, "The statuses that count as good.",
                 conf::count(1, 100))
          .field("jitter", &HealthCheckConfig::jitter,
                 "How far the interval may differ, at random, either way.", conf::at_most(Percent{50}))
          .check(check_health_check);
  return spec;
}

const conf::ObjectSpec& UpstreamTlsConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<UpstreamTlsConfig>("UpstreamTls",
                                      "TLS towards the endpoints; `tls: {}` is enough for most.")
          .field("server_name", &UpstreamTlsConfig::server_name,
                 "The name that is asked for (SNI) and that the certificate must be for; the endpoint's host "
                 "where "
                 "it is not written.",
                 conf::matching("a host name or an address", "^[^/*\\s]+$", is_server_name))
          .field("ca", &UpstreamTlsConfig::ca,
                 "PEM file of those whose certificates are believed; those that the system believes where it "
                 "is not "
                 "written.",
                 conf::path())
          .field("certificate", &UpstreamTlsConfig::certificate,
                 "PEM file of the certificate, chain included, that is shown to endpoints that ask for one.",
                 conf::path())
          .field("private_key", &UpstreamTlsConfig::private_key,
                 "PEM file of its key, without a pass phrase.", conf::path())
          .field("verify", &UpstreamTlsConfig::verify,
                 "false: any certificate will do, and whoever is in between can read and change everything.")
          .check(check_tls);
  return spec;
}

const conf::ObjectSpec& UpstreamConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<UpstreamConfig>("Upstream", "Servers that answer for each other, and how they are used.")
          .field("endpoints", &UpstreamConfig::endpoints, "The servers.", conf::count(1, 10000))
          .field("endpoints_file", &UpstreamConfig::endpoints_file,
                 "A YAML or JSON file with the servers, a list as `endpoints` has it; [] for none.",
                 conf::path())
          .exactly_one({"endpoints", "endpoints_file"})
          .field("balance", &UpstreamConfig::balance, "How the next endpoint is chosen.")
          .field("protocol", &UpstreamConfig::protocol, "What is spoken with the endpoints.")
          .field("host", &UpstreamConfig::host,
                 "The Host that endpoints see: the client's (preserve), their own (endpoint), or this name.")
          .field("tls", &UpstreamConfig::tls,
                 "TLS towards the endpoints; in the clear where it is not written.")
          .field("proxy_protocol", &UpstreamConfig::proxy_protocol,
                 "A PROXY header of this version stands in front of every connection and names the client's "
                 "connection, for which alone it is used; none is sent where it is not written.")
          .field("timeouts", &UpstreamConfig::timeouts, "How long the endpoints may take.")
          .field("connections", &UpstreamConfig::connections, "How many connections there may be.")
          .field("health_check", &UpstreamConfig::health_check,
                 "Active checks; without, all endpoints are used.")
          .shorthand(conf::Node::Kind::list, "endpoints")
          .shorthand(conf::Node::Kind::scalar, "endpoints")
          .where(&UpstreamConfig::where)
          .check(check_upstream);
  return spec;
}

}  // namespace sluice::upstream

namespace sluice::conf {

const TypeSpec& Type<upstream::HostChoice>::spec() {
  static const auto type =
      scalar<upstream::HostChoice>({.title = "`preserve`, `endpoint` or host name",
                                    .wanted = "preserve, endpoint or a host name",
                                    .pattern = "^[^/ ]+$"},
                                   &upstream::parse_host_choice,
                                   [](const upstream::HostChoice& choice) { return upstream::show(choice); });
  return type;
}

const TypeSpec& Type<upstream::StatusRange>::spec() {
  static const auto type = scalar<upstream::StatusRange>(
      {.title = "status or range",
       .wanted = "a status like 204 or a range like 200-299",
       .pattern = "^[2-5][0-9]{2}(-[2-5][0-9]{2})?$",
       .integers = true},
      &upstream::parse_status_range,
      [](const upstream::StatusRange& range) { return upstream::format(range); });
  return type;
}

}  // namespace sluice::conf
