#include "proxy/retry_config.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "conf/binder.h"

namespace sluice::proxy {
namespace {

using namespace std::chrono_literals;
using Kind = RetryCause::Kind;

constexpr std::string_view kGrpcPrefix = "grpc_";
constexpr std::string_view kWanted = "connect_failure, reset, timeout, a status like 503 or grpc_unavailable";

std::optional<RetryCause> status_cause(std::string_view text) {
  std::uint16_t status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  if (error != std::errc{} || end != text.data() + text.size() || text.size() != 3) return std::nullopt;
  if (status < 400 || status > 599) return std::nullopt;
  return RetryCause{Kind::status, status};
}

std::optional<RetryCause> grpc_cause(std::string_view name) {
  const auto status = http::grpc_status_of(name);
  if (!status || *status == http::GrpcStatus::ok) return std::nullopt;
  return RetryCause{Kind::grpc_status, static_cast<std::uint16_t>(*status)};
}

// For who writes UNAVAILABLE, unavailable or grpc-unavailable.
std::string advice_on(std::string_view text) {
  std::string name = ascii_lower(text);
  std::replace(name.begin(), name.end(), '-', '_');
  if (name.starts_with(kGrpcPrefix)) name.erase(0, kGrpcPrefix.size());
  const auto cause = grpc_cause(name);
  return cause ? "; did you mean '" + telemetry::name(*cause) + "'?" : "";
}

std::string pattern() {
  std::string pattern = "^(connect_failure|reset|timeout|[45][0-9]{2}|grpc_(";
  for (unsigned code = 1; code < static_cast<unsigned>(http::GrpcStatus::count_); ++code) {
    if (code > 1) pattern += '|';
    pattern += http::name(static_cast<http::GrpcStatus>(code));
  }
  return pattern + "))$";
}

}  // namespace

Parsed<RetryCause> parse_retry_cause(std::string_view text) {
  for (const Kind kind : {Kind::connect_failure, Kind::reset, Kind::timeout}) {
    if (text == telemetry::name(RetryCause{kind})) return RetryCause{kind};
  }
  auto cause = status_cause(text);
  if (!cause && text.starts_with(kGrpcPrefix)) cause = grpc_cause(text.substr(kGrpcPrefix.size()));
  if (cause) return *cause;
  return Malformed{"wanted " + std::string(kWanted) + ", found " + in_quotes(text) + advice_on(text)};
}

const conf::ObjectSpec& RetryConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<RetryConfig>("Retry", "When a request is sent once more, and how often.")
          .field("attempts", &RetryConfig::attempts, "How often it is sent at most, the first time included.",
                 conf::between(1, 10))
          .field("on", &RetryConfig::on,
                 "What is tried again: `connect_failure`; `reset`, the connection or stream broke before the "
                 "response head; `timeout`; a status; a gRPC status as `grpc_unavailable`, where the head of "
                 "the response has it.")
          .field("per_try_timeout", &RetryConfig::per_try_timeout,
                 "How long an attempt may take, up to the response head; one that takes longer is tried "
                 "again. It begins anew at the end of a body that is still coming.",
                 conf::between(1ms, 24h))
          .field("non_idempotent", &RetryConfig::non_idempotent,
                 "Sends POST, PATCH and other methods that are not idempotent again too, although the "
                 "upstream may have acted on them. A gRPC status in `on` needs no such leave.")
          .field("keep_body", &RetryConfig::keep_body,
                 "How much of a request's body is kept to be sent again; one of which more has gone out is "
                 "not tried again.",
                 conf::between(Bytes{0}, Bytes{16 * 1024 * 1024}));
  return spec;
}

bool RetryConfig::names(const RetryCause& cause) const noexcept {
  return std::find(on.begin(), on.end(), cause) != on.end();
}

bool RetryConfig::names(Kind kind) const noexcept {
  return std::any_of(on.begin(), on.end(), [kind](const RetryCause& cause) { return cause.kind == kind; });
}

bool RetryConfig::covers(const RetryCause& cause, const Exchange& exchange) const noexcept {
  const bool may_act_twice = non_idempotent || http::is_idempotent(exchange.request.method);
  switch (cause.kind) {
    case Kind::connect_failure:
    case Kind::grpc_status:
      return names(cause);
    case Kind::refused_stream:
      return names(Kind::reset);
    case Kind::timeout:
      return may_act_twice && (per_try_timeout || names(Kind::timeout));
    case Kind::reset:
    case Kind::status:
      return may_act_twice && names(cause);
    case Kind::stale_connection:  // goes again in any case, once
      break;
  }
  return false;
}

bool RetryConfig::repeats(const Exchange& exchange) const noexcept {
  if (attempts == 1) return false;
  if (non_idempotent || http::is_idempotent(exchange.request.method)) return true;
  return exchange.grpc != http::GrpcForm::none && names(Kind::grpc_status);
}

std::optional<RetryCause> failure_of(const Exchange& exchange) noexcept {
  const auto status = static_cast<std::uint16_t>(exchange.response.status);
  if (status >= 400) return RetryCause{Kind::status, status};
  if (exchange.grpc == http::GrpcForm::none || status != 200) return std::nullopt;
  const auto grpc = http::grpc_status(exchange.response.fields);
  if (!grpc || *grpc == http::GrpcStatus::ok) return std::nullopt;
  return RetryCause{Kind::grpc_status, static_cast<std::uint16_t>(*grpc)};
}

}  // namespace sluice::proxy

namespace sluice::conf {

const TypeSpec& Type<telemetry::RetryCause>::spec() {
  static const auto type = scalar<telemetry::RetryCause>(
      {.title = "cause of a retry",
       .wanted = std::string(proxy::kWanted),
       .pattern = proxy::pattern(),
       .integers = true},
      &proxy::parse_retry_cause, [](const telemetry::RetryCause& cause) { return telemetry::name(cause); });
  return type;
}

}  // namespace sluice::conf
