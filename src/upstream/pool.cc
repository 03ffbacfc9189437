#include "upstream/pool.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace sluice::upstream {

EndpointPool::EndpointPool(const Parts& parts)
    : config_(parts.config),
      shared_(parts.endpoint),
      endpoint_(*shared_),
      loop_(parts.loop),
      make_client_(parts.make_client),
      connector_(parts.loop, parts.opening, [this] { close_strays(); }),
      multiplexes_(parts.config.protocol != Protocol::http_1_1),
      wakeup_(parts.loop, [this] { on_woken(); }) {
  endpoint_.enroll(*this);
  connector_.set_addresses(*endpoint_.addresses());
}

EndpointPool::~EndpointPool() {
  assert(!in_use() && tasks_.size() == 0 && "a pool outlives its leases, and is drained before it ends");
  retire();
  endpoint_.dismiss(*this);
}

// The version is read before the addresses: what is set in between is seen at the next look.
bool EndpointPool::refresh_addresses() {
  const auto version = endpoint_.addresses_version();
  if (version == addresses_version_) return true;
  const auto addresses = endpoint_.try_addresses();
  if (!addresses) return false;
  addresses_version_ = version;
  connector_.set_addresses(*addresses);
  return true;
}

void EndpointPool::close_strays() noexcept {
  IntrusiveList<PooledConnection> known;
  while (auto* connection = idle_.pop_front()) {
    if (connector_.knows(connection->address())) {
      known.push_back(*connection);
    } else {
      counts_.idle.remove();
      close(Connection(connection));
    }
  }
  idle_.splice_back(known);
  multiplexed_.each([this](MultiplexedConnection& connection) {
    if (!connector_.knows(connection.address())) connection.client().retire();
  });
}

// ---- lending ----

std::optional<Lease> EndpointPool::reuse(PrivateConnections* client) noexcept {
  if (auto stream = lend_stream()) {
    counts_.reused.add();
    return Lease(*this, std::move(stream), ActiveRequest(endpoint_));
  }
  auto connection = take_idle(client);
  if (!connection) return std::nullopt;
  counts_.reused.add();
  return Lease(*this, std::move(connection), true, ActiveRequest(endpoint_));
}

Task<Result<Lease>> EndpointPool::lease(LeaseOptions options) {
  if (options.canceller && options.canceller->cancelled()) co_return Error{Fault::cancelled, Side::us};
  if (!options.fresh || multiplexes_) {  // a connection that was lost lends no streams
    if (auto idle = reuse(options.client)) co_return std::move(*idle);
  }
  if (config_.proxy_protocol) options.fresh = true;  // what others give back is not for this client
  const Call call(*this);
  ActiveRequest active(endpoint_);
  Slot slot = take_slot(options.fresh);
  if (!slot) {
    auto granted = co_await wait(options);
    if (!granted) co_return granted.error();
    if (!granted->slot) counts_.reused.add();
    if (granted->stream) co_return Lease(*this, std::move(granted->stream), std::move(active));
    if (granted->connection) co_return Lease(*this, std::move(granted->connection), true, std::move(active));
    slot = std::move(granted->slot);
  }
  co_return co_await dial(std::move(slot), options, std::move(active));
}

PooledConnection* EndpointPool::newest_idle(PrivateConnections* client) noexcept {
  if (!config_.proxy_protocol) return idle_.pop_front();
  return client ? client->take(*this) : nullptr;
}

EndpointPool::Connection EndpointPool::take_idle(PrivateConnections* client) noexcept {
  while (auto* newest = newest_idle(client)) {
    Connection connection(newest);
    counts_.idle.remove();
    connection->rise();
    if (connection->alive()) return connection;
    counts_.idle_lost.add();
    close(std::move(connection));
  }
  return nullptr;
}

LentStream EndpointPool::lend_stream() {
  LentStream lent;
  if (multiplexed_.empty()) return lent;
  multiplexed_.each([&](MultiplexedConnection& connection) {
    if (!lent && connection.client().room() != 0) lent = LentStream(connection);
  });
  return lent;
}

// Without another connection.
bool EndpointPool::expects_room() noexcept {
  if (!multiplexes_) return false;
  bool expected = dialing_ != 0;
  if (announced_.value_or(0) != 0) return expected;
  multiplexed_.each([&](MultiplexedConnection& connection) {
    auto& client = connection.client();
    if (announced_ ? client.accepts() : client.awaits_settings()) expected = true;
  });
  return expected;
}

// For who dials at once. Those who wait already come first. Who wants a fresh connection may have the place
// of an idle one.
Slot EndpointPool::take_slot(bool fresh) noexcept {
  Slot slot;
  if (!waiting_.empty() || expects_room()) return slot;
  if (endpoint_.take_slot()) {
    slot = Slot(endpoint_);
  } else if (fresh && !idle_.empty()) {
    slot = take_oldest_idle()->take_slot();
  }
  if (slot) ++dialing_;
  return slot;
}

// Being counted as waiting comes before the look at free slots, and whoever frees one looks for
// waiters after that: one of the two sees the other.
Task<Result<Waiter::Grant>> EndpointPool::wait(const LeaseOptions& options) {
  if (!endpoint_.begin_wait()) {
    counts_.pending_full.add();
    co_return Error{Fault::too_large, Side::us, true};
  }
  Waiter waiter({loop_, endpoint_, counts_}, options);
  waiting_.push_back(waiter);
  serve_waiting();
  if (!waiter.await_ready() && endpoint_.full()) endpoint_.wake_pools(this);
  co_return co_await waiter;
}

void EndpointPool::serve_waiting() noexcept {
  while (!waiting_.empty()) {
    if (auto stream = lend_stream()) {
      waiting_.front().finish(Waiter::Grant{{}, {}, std::move(stream)});
      continue;
    }
    if (expects_room() || !endpoint_.take_slot()) return;
    grant(Slot(endpoint_));
  }
}

void EndpointPool::grant(Slot slot) noexcept {
  ++dialing_;
  waiting_.front().finish(Waiter::Grant{{}, std::move(slot), {}});
}

Task<Result<Lease>> EndpointPool::dial(Slot slot, LeaseOptions options, ActiveRequest active) {
  auto* only_for = config_.proxy_protocol ? options.client : nullptr;
  auto dialed = co_await connector_.connect({.timeout = config_.timeouts.connect,
                                             .deadline = options.deadline,
                                             .canceller = options.canceller,
                                             .client = only_for ? &only_for->client() : nullptr});
  --dialing_;
  if (!dialed) {
    dial_failed(std::move(slot), dialed.error());
    co_return dialed.error();
  }
  counts_.opened.add();
  if (dialed->h2) co_return begin_streams(std::move(slot), std::move(*dialed), std::move(active));
  if (std::exchange(multiplexes_, false)) serve_waiting();
  Connection connection(new PooledConnection(
      *this, std::move(slot), make_client_(loop_, std::move(dialed->transport)), dialed->address, only_for));
  co_return Lease(*this, std::move(connection), false, std::move(active));
}

// Its first stream is for who has dialed.
Lease EndpointPool::begin_streams(Slot slot, Dialed dialed, ActiveRequest active) {
  multiplexes_ = true;
  const MultiplexedConnection::Parts parts{*this,
                                           loop_,
                                           counts_,
                                           {.streams = config_.connections.streams,
                                            .first_streams = std::max(1u, announced_.value_or(1)),
                                            .idle_timeout = config_.timeouts.idle}};
  auto connection = std::make_unique<MultiplexedConnection>(parts, std::move(slot),
                                                            std::move(dialed.transport), dialed.address);
  LentStream stream(*connection);
  multiplexed_.push_back(*connection);
  if (retired_) connection->client().retire();
  tasks_.spawn(run(std::move(connection)));
  serve_waiting();
  return Lease(*this, std::move(stream), std::move(active));
}

Task<void> EndpointPool::run(std::unique_ptr<MultiplexedConnection> connection) {
  co_await connection->client().run();
  connection->unlink();
  auto slot = connection->take_slot();
  connection.reset();
  pass_on(std::move(slot));
}

// Who has waited for the same connection would fare no better, unless it was given up.
void EndpointPool::dial_failed(Slot slot, const Error& error) noexcept {
  if (error.fault == Fault::cancelled) return pass_on(std::move(slot));
  counts_.connect_failed.add();
  if (!multiplexes_ || !multiplexed_.empty()) return pass_on(std::move(slot));
  while (!waiting_.empty()) waiting_.front().finish(error);
}

// ---- taking back ----

void EndpointPool::give_back(Connection connection, bool reusable) noexcept {
  if (!reusable || !can_be_lent_again(*connection)) return close(std::move(connection));
  if (wanted_elsewhere()) return connection.reset();
  if (waiting_.empty()) return keep(std::move(connection));
  if (waiting_.front().fresh()) return close(std::move(connection));
  waiting_.front().finish(Waiter::Grant{std::move(connection), {}, {}});
}

bool EndpointPool::can_be_lent_again(PooledConnection& connection) const noexcept {
  const bool has_user = !config_.proxy_protocol || connection.only_for();
  return has_user && !retired_ && connection.client().reusable() && connection.alive() &&
         connector_.knows(connection.address());
}

// Workers that wait get what this one does not need, and, so that a busy worker does not starve
// them, one in sixteen of what it does need.
bool EndpointPool::wanted_elsewhere() noexcept {
  const auto own = counts_.pending.load();
  if (endpoint_.waiting() <= own || !endpoint_.full()) return false;
  return own == 0 || ++handed_on_ % 16 == 0;
}

void EndpointPool::keep(Connection connection) noexcept {
  if (counts_.idle.load() >= endpoint_.idle_share()) return close(std::move(connection));
  connection->rest(loop_.now());
  counts_.idle.add();
  if (auto* client = connection->only_for()) client->add(*connection);
  idle_.push_front(*connection.release());
  if (!armed()) loop_.timers().arm(*this, loop_.now() + config_.timeouts.idle);
}

void EndpointPool::close(Connection connection) noexcept {
  auto slot = connection->take_slot();
  connection.reset();
  pass_on(std::move(slot));
}

void EndpointPool::pass_on(Slot slot) noexcept {
  if (slot && !waiting_.empty() && !expects_room()) grant(std::move(slot));
}

EndpointPool::Connection EndpointPool::take_oldest_idle() noexcept {
  Connection oldest(&idle_.back());
  oldest->unlink();
  counts_.idle.remove();
  return oldest;
}

// ---- what happens to idle connections and waiters from outside ----

void EndpointPool::on_idle_activity(PooledConnection& connection) noexcept {
  connection.unlink();
  counts_.idle.remove();
  counts_.idle_lost.add();
  close(Connection(&connection));
}

void EndpointPool::on_client_gone(PooledConnection& connection) noexcept {
  connection.unlink();
  counts_.idle.remove();
  close(Connection(&connection));
}

void EndpointPool::on_room() noexcept { serve_waiting(); }

// One entry of the wheel for all: it may fire early for those that came later, never late.
void EndpointPool::on_timer() noexcept {
  const auto idle_limit = config_.timeouts.idle;
  while (!idle_.empty() && idle_.back().idle_since() + idle_limit <= loop_.now()) {
    counts_.idle_expired.add();
    close(take_oldest_idle());
  }
  if (!idle_.empty()) loop_.timers().arm(*this, idle_.back().idle_since() + idle_limit);
}

void EndpointPool::on_woken() noexcept {
  serve_waiting();
  if (!waiting_.empty() || endpoint_.waiting() == 0 || !endpoint_.full()) return;
  if (!idle_.empty()) return close(take_oldest_idle());
  if (!multiplexed_.empty()) multiplexed_.front().client().retire();
}

void EndpointPool::retire() noexcept {
  retired_ = true;
  disarm();
  while (!idle_.empty()) close(take_oldest_idle());
  multiplexed_.each([](MultiplexedConnection& connection) { connection.client().retire(); });
}

void EndpointPool::send_waiting_away() noexcept {
  while (!waiting_.empty()) waiting_.front().finish(Error{Fault::removed, Side::upstream, true});
}

Task<void> EndpointPool::drained() {
  while (in_use()) co_await Unused{*this};
  co_await tasks_.join();
}

// Later, from the loop: whoever was the last is still on his way out.
void EndpointPool::tell_if_unused() noexcept {
  if (awaits_unused_ && !in_use()) loop_.defer(std::exchange(awaits_unused_, nullptr));
}

}  // namespace sluice::upstream
