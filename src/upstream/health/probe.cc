#include "upstream/health/probe.h"

#include <algorithm>
#include <utility>

#include "base/arena.h"
#include "codec/h2/client.h"
#include "upstream/abort_on_cancel.h"

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

// The verdict stands already: this only spares the endpoint a broken connection in its log.
Task<void> drain(BodySource& body) {
  std::size_t bytes = 0;
  while (bytes < kBodyMost) {
    const auto piece = co_await body.read();
    if (!piece || piece->last) co_return;
    bytes += piece->bytes;
  }
}

}  // namespace

// On the heap for the time of the check: heads are large and checks are many.
struct Probe::Request {
  RequestHead head;
  ResponseHead response;
  Arena scratch;

  Request(const HealthCheckConfig& config, const SharedEndpoint& endpoint) {
    const std::string_view target = *config.path;
    const auto query = target.find('?');
    head.method = http::Method::get;
    head.method_text = "GET";
    head.path = target.substr(0, query);
    head.has_query = query != target.npos;
    if (head.has_query) head.query = target.substr(query + 1);
    head.fields.add("Host", config.host ? *config.host : endpoint.host());
    head.fields.add("User-Agent", "sluice-health-check");
    head.fields.add("Accept", "*/*");
    head.fields.add("Connection", "close");
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
  const auto status = co_await read_status(stream, *request);
  if (!status) co_return failed(limit.passed() ? Error{Fault::timed_out} : status.error());
  co_await drain(stream.body());
  if (config_.expects(*status)) co_return ProbeResult{HealthReason::passed};
  co_return ProbeResult{HealthReason::status, static_cast<std::uint16_t>(*status)};
}

Task<Result<int>> Probe::read_status(codec::ClientStream& stream, Request& request) {
  BodyPiece nothing;
  nothing.last = true;
  const auto sent = co_await stream.send(request.head, nothing, nullptr, request.scratch);
  if (!sent) co_return sent.error();
  for (int heads = 0; heads < kInterimMost; ++heads) {
    request.response.clear();
    const auto read = co_await stream.read_head(request.response, request.scratch);
    if (!read) co_return read.error();
    if (request.response.status >= 200) co_return request.response.status;
  }
  co_return Error{Fault::malformed, Side::upstream};
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
