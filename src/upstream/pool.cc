#include "upstream/pool.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace sluice::upstream {

EndpointPool::EndpointPool(const Parts& parts)
    : config_(parts.config),
      endpoint_(parts.endpoint),
      index_(parts.index),
      loop_(parts.loop),
      make_client_(parts.make_client),
      connector_(parts.loop, parts.opening),
      link_(std::make_shared<Link>()) {
  link_->pool = this;
  endpoint_.enroll(*this);
}

EndpointPool::~EndpointPool() {
  assert(!in_use() && "a pool outlives its leases");
  retire();
  link_->pool = nullptr;
  endpoint_.dismiss(*this);
}

void EndpointPool::set_addresses(const Addresses& addresses) {
  if (addresses == connector_.addresses()) return;
  connector_.set_addresses(addresses);
  IntrusiveList<PooledConnection> known;
  while (auto* connection = idle_.pop_front()) {
    if (leads_somewhere_known(*connection)) {
      known.push_back(*connection);
    } else {
      counts_.idle.remove();
      close(Connection(connection));
    }
  }
  idle_.splice_back(known);
}

// ---- lending ----

std::optional<Lease> EndpointPool::reuse(PrivateConnections* client) noexcept {
  auto connection = take_idle(client);
  if (!connection) return std::nullopt;
  counts_.reused.add();
  return Lease(*this, std::move(connection), true, ActiveRequest(endpoint_));
}

Task<Result<Lease>> EndpointPool::lease(LeaseOptions options) {
  if (options.canceller && options.canceller->cancelled()) co_return Error{Fault::cancelled, Side::us};
  if (!options.fresh) {
    if (auto idle = reuse(options.client)) co_return std::move(*idle);
  }
  if (config_.proxy_protocol) options.fresh = true;  // what others give back is not for this client
  ActiveRequest active(endpoint_);
  Slot slot = take_slot(options.fresh);
  if (!slot) {
    auto grant = co_await wait(options);
    if (!grant) co_return grant.error();
    if (grant->connection) {
      counts_.reused.add();
      co_return Lease(*this, std::move(grant->connection), true, std::move(active));
    }
    slot = std::move(grant->slot);
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

// Those who wait already come first. Who wants a fresh connection may have the place of an idle one.
Slot EndpointPool::take_slot(bool fresh) noexcept {
  if (!waiting_.empty()) return {};
  if (endpoint_.take_slot()) return Slot(endpoint_);
  if (!fresh || idle_.empty()) return {};
  return take_oldest_idle()->take_slot();
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
  grant_free_slots();
  if (!waiter.await_ready()) endpoint_.wake_pools(this);
  co_return co_await waiter;
}

void EndpointPool::grant_free_slots() noexcept {
  while (!waiting_.empty() && endpoint_.take_slot())
    waiting_.front().finish(Waiter::Grant{nullptr, Slot(endpoint_)});
}

Task<Result<Lease>> EndpointPool::dial(Slot slot, LeaseOptions options, ActiveRequest active) {
  ++dialing_;
  auto* only_for = config_.proxy_protocol ? options.client : nullptr;
  auto dialed = co_await connector_.connect({.timeout = config_.timeouts.connect,
                                             .deadline = options.deadline,
                                             .canceller = options.canceller,
                                             .client = only_for ? &only_for->client() : nullptr});
  --dialing_;
  if (!dialed) {
    if (dialed.error().fault != Fault::cancelled) counts_.connect_failed.add();
    pass_on(std::move(slot));
    co_return dialed.error();
  }
  counts_.opened.add();
  Connection connection(new PooledConnection(
      *this, std::move(slot), make_client_(loop_, std::move(dialed->transport)), dialed->address, only_for));
  co_return Lease(*this, std::move(connection), false, std::move(active));
}

// ---- taking back ----

void EndpointPool::give_back(Connection connection, bool reusable) noexcept {
  if (!reusable || !can_be_lent_again(*connection)) return close(std::move(connection));
  if (wanted_elsewhere()) return connection.reset();
  if (waiting_.empty()) return keep(std::move(connection));
  if (waiting_.front().fresh()) return close(std::move(connection));
  waiting_.front().finish(Waiter::Grant{std::move(connection), {}});
}

bool EndpointPool::can_be_lent_again(PooledConnection& connection) const noexcept {
  const bool has_user = !config_.proxy_protocol || connection.only_for();
  return has_user && !retired_ && connection.client().reusable() && connection.alive() &&
         leads_somewhere_known(connection);
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
  if (!waiting_.empty()) waiting_.front().finish(Waiter::Grant{nullptr, std::move(slot)});
}

EndpointPool::Connection EndpointPool::take_oldest_idle() noexcept {
  Connection oldest(&idle_.back());
  oldest->unlink();
  counts_.idle.remove();
  return oldest;
}

bool EndpointPool::leads_somewhere_known(const PooledConnection& connection) const noexcept {
  const auto& known = connector_.addresses();
  return std::find(known.begin(), known.end(), connection.address()) != known.end();
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

// One entry of the wheel for all: it may fire early for those that came later, never late.
void EndpointPool::on_timer() noexcept {
  const auto idle_limit = config_.timeouts.idle;
  while (!idle_.empty() && idle_.back().idle_since() + idle_limit <= loop_.now()) {
    counts_.idle_expired.add();
    close(take_oldest_idle());
  }
  if (!idle_.empty()) loop_.timers().arm(*this, idle_.back().idle_since() + idle_limit);
}

void EndpointPool::wake() noexcept {
  if (link_->posted.exchange(true, std::memory_order_acq_rel)) return;
  loop_.post([link = link_] {
    link->posted.store(false, std::memory_order_release);
    if (link->pool) link->pool->on_woken();
  });
}

void EndpointPool::on_woken() noexcept {
  grant_free_slots();
  if (waiting_.empty() && !idle_.empty() && endpoint_.waiting() > 0 && endpoint_.full())
    close(take_oldest_idle());
}

void EndpointPool::retire() noexcept {
  retired_ = true;
  disarm();
  while (!idle_.empty()) close(take_oldest_idle());
}

bool EndpointPool::in_use() const noexcept {
  return counts_.leased.load() != 0 || counts_.pending.load() != 0 || dialing_ != 0;
}

}  // namespace sluice::upstream
