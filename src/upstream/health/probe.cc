#include "upstream/health/probe.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/arena.h"
#include "codec/h2/client.h"
#include "http/grpc.h"
#include "upstream/abort_on_cancel.h"
#include "upstream/health/grpc_health.h"

namespace sluice::upstream {
namespace {

constexpr int kInterimMost = 16;
constexpr std::size_t kBodyMost = 64 * 1024;

HealthReason reason_of(Fault fault) noexcept {
  switch (fault) {
    case Fault::refused:
      return HealthReason::refused;
    case Fault::unreachable:
      return HealthReason::unreachable;
    case Fault::reset:
      return HealthReason::reset;
    case Fault::closed:
      return HealthReason::closed;
    case Fault::timed_out:
      return HealthReason::timed_out;
    case Fault::malformed:
    case Fault::too_large:
      return HealthReason::malformed;
    case Fault::unresolved:
      return HealthReason::unresolved;
    case Fault::tls:
      return HealthReason::tls;
    case Fault::certificate:
      return HealthReason::certificate;
    case Fault::no_protocol:
      return HealthReason::no_protocol;
    default:
      return HealthReason::other;
  }
}

}  // namespace

// On the heap for the time of the check: heads are large and checks are many.
struct Probe::Request {
  RequestHead head;
  std::string message;  // sent as its body
  ResponseHead response;
  std::string body;  // of the response, as far as it matters
  std::optional<http::GrpcStatus> grpc_status;
  Arena scratch;

  Request(const HealthCheckConfig& config, const SharedEndpoint& endpoint) {
    head.fields.add("Host", config.host ? *config.host : endpoint.host());
    head.fields.add("User-Agent", "sluice-health-check");
    if (config.kind() == CheckType::grpc) {
      call(config.service.value_or(""));
    } else {
      get(*config.path);
    }
  }

  void get(std::string_view target) {
    const auto query = target.find('?');
    head.method = http::Method::get;
    head.method_text = "GET";
    head.path = target.substr(0, query);
    head.has_query = query != target.npos;
    if (head.has_query) head.query = target.substr(query + 1);
    head.fields.add("Accept", "*/*");
    head.fields.add("Connection", "close");
  }

  void call(std::string_view service) {
    message = grpc_health_request(service);
    head.method = http::Method::post;
    head.method_text = "POST";
    head.path = kGrpcHealthCheck;
    head.body = {.kind = http::BodyLength::Kind::chunked};
    head.fields.add("Content-Type", "application/grpc");
    head.fields.add("TE", "trailers");
  }
};

Task<ProbeResult> Probe::run(const Addresses& addresses, Canceller& canceller) {
  const auto deadline = loop_.now() + config_.timeout;
  connector_.set_addresses(addresses);
  const auto each = config_.timeout / static_cast<int>(std::max<std::size_t>(1, addresses.size()));
  auto dialed = co_await connector_.connect({each, deadline, &canceller});
  if (!dialed) co_return failed(dialed.error());
  if (config_.kind() == CheckType::tcp) co_return ProbeResult{HealthReason::passed};
  if (dialed->h2) co_return co_await ask_h2(std::move(dialed->transport), deadline, canceller);
  co_return co_await ask_h1(std::move(dialed->transport), deadline, canceller);
}

Task<ProbeResult> Probe::ask_h1(std::unique_ptr<net::Transport> transport, TimePoint deadline,
                                Canceller& canceller) {
  const auto client = make_client_(loop_, std::move(transport));
  net::Deadline limit(loop_);
  limit.set(client->transport(), deadline);
  AbortOnCancel on_cancel(&canceller, client->transport());
  co_return co_await ask(*client, limit);
}

Task<ProbeResult> Probe::ask_h2(std::unique_ptr<net::Transport> transport, TimePoint deadline,
                                Canceller& canceller) {
  struct Nobody final : codec::h2::ClientConnection::Owner {
    void on_room() noexcept override {}
  } nobody;
  codec::h2::ClientConnection connection(loop_, std::move(transport), {}, nobody);
  net::Deadline limit(loop_);
  limit.set(connection.transport(), deadline);
  AbortOnCancel on_cancel(&canceller, connection.transport());
  auto& stream = connection.open();
  Child running;
  running.start(connection.run());
  const auto result = co_await ask(stream, limit);
  stream.end();
  connection.retire();
  co_await running.join();
  co_return result;
}

Task<ProbeResult> Probe::ask(codec::ClientStream& stream, const net::Deadline& limit) {
  const auto request = std::make_unique<Request>(config_, endpoint_);
  const auto read = co_await read_response(stream, *request);
  if (!read) co_return failed(limit.passed() ? Error{Fault::timed_out} : read.error());
  co_return judge(*request);
}

// To its end, which spares the endpoint a broken connection in its log. Where the head says it all, a body
// that breaks off does no harm.
Task<Result<void>> Probe::read_response(codec::ClientStream& stream, Request& request) {
  const Slice message = request.message;
  const BodyPiece whole{
      .slices = {&message, message.empty() ? 0u : 1u}, .bytes = message.size(), .last = true};
  const auto sent = co_await stream.send(request.head, whole, nullptr, request.scratch);
  if (!sent) co_return sent;
  for (int heads = 0; request.response.status < 200; ++heads) {
    if (heads == kInterimMost) co_return Error{Fault::malformed, Side::upstream};
    request.response.clear();
    const auto read = co_await stream.read_head(request.response, request.scratch);
    if (!read) co_return read;
  }
  request.grpc_status = http::grpc_status(request.response.fields);
  for (bool last = false; !last && request.body.size() < kBodyMost;) {
    const auto piece = co_await stream.body().read();
    if (!piece) break;
    for (const auto slice : piece->slices) request.body.append(slice);
    last = piece->last;
  }
  if (const auto* trailers = stream.body().trailers(); trailers && !request.grpc_status)
    request.grpc_status = http::grpc_status(*trailers);
  co_return Result<void>{};
}

ProbeResult Probe::judge(const Request& request) const {
  const auto status = static_cast<std::uint16_t>(request.response.status);
  if (config_.kind() != CheckType::grpc) {
    if (config_.expects(status)) return {HealthReason::passed};
    return {HealthReason::status, status};
  }
  if (status != 200) return {HealthReason::status, status};
  if (!request.grpc_status) return {HealthReason::malformed};
  if (*request.grpc_status != http::GrpcStatus::ok)
    return {HealthReason::grpc_status, static_cast<std::uint16_t>(*request.grpc_status)};
  const auto serving = grpc_serving_status(request.body);
  if (!serving) return {HealthReason::malformed};
  return {*serving == ServingStatus::serving ? HealthReason::passed : HealthReason::not_serving};
}

ProbeResult Probe::failed(const Error& error) const noexcept {
  ProbeResult result{reason_of(error.fault), 0};
  if (result.reason == HealthReason::timed_out)
    result.detail = static_cast<std::uint16_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(config_.timeout).count());
  if (result.reason == HealthReason::other) result.detail = static_cast<std::uint16_t>(error.os_error);
  return result;
}

}  // namespace sluice::upstream
