#include "upstream/connector.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/proxy_protocol.h"
#include "net/tls/tls_transport.h"
#include "upstream/abort_on_cancel.h"

namespace sluice::upstream {
namespace {

constexpr Duration kFailing = std::chrono::seconds{30};

// Before a byte was sent a retry is safe whatever happened.
Error dial_error(Error error) {
  const bool ours = error.fault == Fault::no_descriptors || error.fault == Fault::no_memory ||
                    error.fault == Fault::cancelled;
  error.side = ours ? Side::us : Side::upstream;
  error.retry_safe = error.fault != Fault::cancelled;
  return error;
}

// Another address would fare no better.
bool is_final(Fault fault) {
  return fault == Fault::cancelled || fault == Fault::no_descriptors || fault == Fault::no_memory;
}

}  // namespace

void Connector::set_addresses(const Addresses& addresses) {
  if (addresses == targets_->addresses) return;
  auto targets = std::make_shared<Targets>();
  targets->addresses = addresses;
  targets->failing_until.resize(addresses.size());
  targets_ = std::move(targets);
}

Task<Result<std::unique_ptr<net::Transport>>> Connector::dial(const net::Address& address,
                                                              DialLimits limits) {
  auto begun = loop_.network().connect(address, net::ConnectOptions{});
  if (!begun) co_return dial_error(begun.error());
  auto transport = std::move(*begun);
  net::Deadline deadline(loop_);
  deadline.set(*transport, std::min(loop_.now() + limits.timeout, limits.deadline));
  AbortOnCancel on_cancel(limits.canceller, *transport);
  auto connected = co_await transport->connected();
  if (connected && opening_.proxy_header) connected = co_await introduce(*transport, limits.client);
  if (connected && opening_.tls) connected = co_await encrypt(transport);
  if (limits.canceller && limits.canceller->cancelled()) co_return dial_error({Fault::cancelled});
  if (!connected) co_return dial_error(connected.error());
  co_return std::move(transport);
}

Task<Result<void>> Connector::introduce(net::Transport& transport, const net::Transport* client) {
  const auto version = *opening_.proxy_header;
  const auto header =
      client ? net::proxy_header(version, client->peer(), client->local()) : net::own_proxy_header(version);
  const Slice slice = header;
  co_return co_await transport.write({&slice, 1});
}

// What breaks the inner transport breaks the handshake.
Task<Result<void>> Connector::encrypt(std::unique_ptr<net::Transport>& transport) {
  using namespace net::tls;
  auto ssl = opening_.tls->make_ssl(opening_.server_name, session_);
  auto* encrypted = new TlsTransport(std::move(transport), std::move(ssl), Role::client, loop_.tls_buffers());
  transport.reset(encrypted);
  auto agreed = co_await encrypted->handshake();
  if (agreed && opening_.h2_only && encrypted->tls()->protocol != "h2") agreed = Error{Fault::no_protocol};
  co_return agreed;
}

// The first in turn that is not known to fail, else the first in turn at all.
std::size_t Connector::next(const Targets& targets, const std::vector<char>& tried, std::size_t first,
                            TimePoint now) {
  const auto count = targets.addresses.size();
  auto fallback = count;
  for (std::size_t n = 0; n < count; ++n) {
    const auto i = (first + n) % count;
    if (tried[i]) continue;
    if (targets.failing_until[i] <= now) return i;
    if (fallback == count) fallback = i;
  }
  return fallback;
}

Task<Result<Dialed>> Connector::connect(DialLimits limits) {
  const auto targets = targets_;
  const auto count = targets->addresses.size();
  const auto first = targets->turn++;
  std::vector<char> tried(count);
  Error error{Fault::unresolved, Side::upstream, true};
  for (std::size_t n = 0; n < count; ++n) {
    const auto i = next(*targets, tried, first, loop_.now());
    tried[i] = 1;
    auto transport = co_await dial(targets->addresses[i], limits);
    if (transport) {
      targets->failing_until[i] = {};
      const bool h2 = opening_.tls ? (*transport)->tls()->protocol == "h2" : opening_.h2_only;
      co_return Dialed{std::move(*transport), targets->addresses[i], h2};
    }
    error = transport.error();
    if (is_final(error.fault)) break;
    targets->failing_until[i] = loop_.now() + kFailing;
    if (loop_.now() >= limits.deadline) break;
  }
  co_return error;
}

}  // namespace sluice::upstream
