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

std::size_t index_of(const Addresses& addresses, const net::Address& address) noexcept {
  return static_cast<std::size_t>(std::find(addresses.begin(), addresses.end(), address) - addresses.begin());
}

bool contains(const Addresses& addresses, const net::Address& address) noexcept {
  return index_of(addresses, address) != addresses.size();
}

}  // namespace

void Connector::set_addresses(const Addresses& addresses) {
  if (addresses == targets_->addresses) return;
  const auto before = std::exchange(targets_, std::make_shared<Targets>());
  targets_->addresses = addresses;
  targets_->failing_until.resize(addresses.size());
  targets_->turn = before->turn;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto known = index_of(before->addresses, addresses[i]);
    if (known != before->addresses.size()) targets_->failing_until[i] = before->failing_until[known];
  }
  let_go(*before);
}

void Connector::let_go(const Targets& before) {
  const auto is_back = [this](const Leaving& one) { return contains(addresses(), one.address); };
  std::erase_if(leaving_, is_back);
  for (const auto& address : before.addresses)
    if (!knows(address)) leaving_.push_back({address, loop_.now() + grace});
  if (!leaving_.empty()) loop_.timers().arm(*this, leaving_.front().until);
}

bool Connector::knows(const net::Address& address) const noexcept {
  return contains(addresses(), address) ||
         std::any_of(leaving_.begin(), leaving_.end(),
                     [&](const Leaving& one) { return one.address == address; });
}

void Connector::on_timer() noexcept {
  std::erase_if(leaving_, [this](const Leaving& one) { return one.until <= loop_.now(); });
  if (!leaving_.empty()) loop_.timers().arm(*this, leaving_.front().until);
  if (on_left_) on_left_();
}

Task<Result<void>> Connector::open(ConnectRace::Winner& winner, DialLimits limits) {
  net::Deadline deadline(loop_);
  deadline.set(*winner.transport, std::min(winner.began + limits.timeout, limits.deadline));
  AbortOnCancel on_cancel(limits.canceller, *winner.transport);
  Result<void> opened;
  if (opening_.proxy_header) opened = co_await introduce(*winner.transport, limits.client);
  if (opened && opening_.tls) opened = co_await encrypt(winner.transport);
  if (limits.canceller && limits.canceller->cancelled()) co_return Error{Fault::cancelled};
  co_return opened;
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

// By turns from each family, beginning where `turn` says; those that fail come last.
std::vector<Contestant> Connector::line_up(Targets& targets) const {
  const auto& addresses = targets.addresses;
  std::vector<std::size_t> families[2];
  for (std::size_t i = 0; i < addresses.size(); ++i)
    families[addresses[i].family() == addresses.front().family() ? 0 : 1].push_back(i);
  const auto turn = targets.turn++;
  std::vector<Contestant> line;
  for (std::size_t n = 0; line.size() < addresses.size(); ++n)
    for (const auto& family : families)
      if (n < family.size()) line.push_back({family[(turn + n) % family.size()]});
  std::stable_partition(line.begin(), line.end(), [&](const Contestant& contestant) {
    return targets.failing_until[contestant.index] <= loop_.now();
  });
  return line;
}

// Keeps those in the race that may still be tried: who was overtaken, behind who was not tried.
void Connector::learn(Targets& targets, std::vector<Contestant>& contestants) const {
  using State = Contestant::State;
  for (auto& contestant : contestants) {
    if (contestant.state == State::failed || contestant.state == State::overtaken)
      targets.failing_until[contestant.index] = loop_.now() + kFailing;
  }
  std::erase_if(contestants,
                [](const Contestant& one) { return one.state == State::failed || one.state == State::won; });
  std::stable_partition(contestants.begin(), contestants.end(),
                        [](const Contestant& one) { return one.state == State::waiting; });
  for (auto& contestant : contestants) contestant.state = State::waiting;
}

Task<Result<Dialed>> Connector::connect(DialLimits limits) {
  const auto targets = targets_;
  Error error{Fault::unresolved, Side::upstream, true};
  if (targets->addresses.empty()) co_return error;
  auto contestants = line_up(*targets);
  while (!contestants.empty()) {
    ConnectRace race(loop_, targets->addresses, contestants, limits);
    auto winner = co_await race.run();
    learn(*targets, contestants);
    if (!winner) co_return dial_error(winner.error());
    const auto opened = co_await open(*winner, limits);
    if (opened) {
      targets->failing_until[winner->index] = {};
      const bool h2 = opening_.tls ? winner->transport->tls()->protocol == "h2" : opening_.h2_only;
      co_return Dialed{std::move(winner->transport), targets->addresses[winner->index], h2};
    }
    error = dial_error(opened.error());
    if (is_final(error.fault)) break;
    targets->failing_until[winner->index] = loop_.now() + kFailing;
    if (loop_.now() >= limits.deadline) break;
  }
  co_return error;
}

}  // namespace sluice::upstream
