// The connections of one worker to one endpoint.
//
//   lease()  idle one, newest first   -> Lease (reused)
//            else a free slot         -> dial -> Lease
//            else a place in the queue -> a connection or a slot, first come first served
//
// Where HTTP/2 is spoken, requests share connections, the oldest with room first; another one is opened where
// none has room, one at a time: who comes meanwhile waits for it, since most likely it has room for all of
// them. How much room a new one has stands in the endpoint's SETTINGS: until they are in, it lends what those
// of the last connection said, or on the first of all one stream. Where they say none, requests wait for
// more. With `auto` HTTP/2 is assumed until a handshake says otherwise.
//
//   end of a lease: to the first who waits, else to the front of the idle list, else closed
//
// With proxy_protocol a connection serves one client: lease() looks for an idle one of that client, and goes
// on to a slot; who waits takes slots only, and a slot may come from the oldest idle connection of another
// client.
//
// When the endpoint leaves its upstream, who waits is sent elsewhere, and nothing is kept any more; who dials
// or has a lease goes on. The pool is done when the last of them is.
//
// Slots are the endpoint's connections.max, counted over all workers. A worker that waits for one
// wakes the pools of the others, which then give up an idle connection; whoever closes a connection
// while somebody waits wakes them all.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/intrusive_list.h"
#include "base/task.h"
#include "base/timer_wheel.h"
#include "codec/client_connection.h"
#include "net/loop.h"
#include "upstream/connector.h"
#include "upstream/endpoint.h"
#include "upstream/lease.h"
#include "upstream/multiplexed_connection.h"
#include "upstream/pooled_connection.h"
#include "upstream/private_connections.h"
#include "upstream/shared_upstream.h"
#include "upstream/waiter.h"
#include "upstream/wakeup.h"

namespace sluice::upstream {

/// Makes a codec's connection of a connected transport.
using MakeClient = std::unique_ptr<codec::ClientConnection> (*)(net::Loop&, std::unique_ptr<net::Transport>);

/// Loop's thread only, but for wake(). Outlives its leases.
class EndpointPool final : private SharedPool,
                           private PooledConnection::Owner,
                           private MultiplexedConnection::Owner,
                           private Timer {
 public:
  struct Parts {
    const UpstreamConfig& config;
    std::shared_ptr<SharedEndpoint> endpoint;
    net::Loop& loop;
    MakeClient make_client;
    Opening opening;
  };

  explicit EndpointPool(const Parts& parts);
  ~EndpointPool() override;

  SharedEndpoint& endpoint() noexcept { return endpoint_; }
  EndpointId id() const noexcept { return endpoint_.id(); }
  const PoolCounts& counts() const noexcept override { return counts_; }

  /// Dials where the endpoint is by now; idle connections to other addresses are closed a while later.
  /// False: its addresses are just being set, and it goes on with what it has.
  bool refresh_addresses();
  bool has_address() const noexcept { return !connector_.addresses().empty(); }

  /// See Upstream::connect() and reuse().
  Task<Result<Lease>> lease(LeaseOptions options);
  std::optional<Lease> reuse(PrivateConnections* client) noexcept;

  /// Closes the idle connections and those that come back from now on.
  void retire() noexcept;
  /// Its endpoint has left: who waits fails with Fault::removed. retire() is to follow.
  void send_waiting_away() noexcept;
  /// After retire(): until it is not in use and the last connection has ended. Once.
  Task<void> drained();
  bool in_use() const noexcept { return counts_.leased.load() != 0 || calls_ != 0; }
  /// It is not in use, and the last connection has ended.
  bool has_ended() const noexcept { return !in_use() && tasks_.size() == 0; }

 private:
  friend class Lease;

  using Connection = std::unique_ptr<PooledConnection>;

  // A lease() that waits or dials.
  class Call {
   public:
    explicit Call(EndpointPool& pool) noexcept : pool_(pool) { ++pool_.calls_; }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() {
      --pool_.calls_;
      pool_.tell_if_unused();
    }

   private:
    EndpointPool& pool_;
  };

  // co_await: until tell_if_unused() finds that it is so.
  struct Unused {
    EndpointPool& pool;
    bool await_ready() const noexcept { return !pool.in_use(); }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { pool.awaits_unused_ = waiter; }
    void await_resume() const noexcept {}
  };

  void set_addresses(const Addresses& addresses);
  void lease_ended() noexcept {
    counts_.leased.remove();
    if (awaits_unused_) tell_if_unused();
  }
  void tell_if_unused() noexcept;
  PooledConnection* newest_idle(PrivateConnections* client) noexcept;
  Connection take_idle(PrivateConnections* client) noexcept;
  LentStream lend_stream();
  Slot take_slot(bool fresh) noexcept;
  void serve_waiting() noexcept;
  void grant(Slot slot) noexcept;
  Task<Result<Waiter::Grant>> wait(const LeaseOptions& options);
  Task<Result<Lease>> dial(Slot slot, LeaseOptions options, ActiveRequest active);
  Lease begin_streams(Slot slot, Dialed dialed, ActiveRequest active);
  Task<void> run(std::unique_ptr<MultiplexedConnection> connection);
  void dial_failed(Slot slot, const Error& error) noexcept;
  bool expects_room() noexcept;

  void give_back(Connection connection, bool reusable) noexcept;
  bool wanted_elsewhere() noexcept;
  bool can_be_lent_again(PooledConnection& connection) const noexcept;
  void keep(Connection connection) noexcept;
  void close(Connection connection) noexcept;
  void pass_on(Slot slot) noexcept;
  Connection take_oldest_idle() noexcept;
  void close_strays() noexcept;

  void wake() noexcept override { wakeup_.call(); }  // any thread
  void on_woken() noexcept;
  void on_idle_activity(PooledConnection& connection) noexcept override;
  void on_client_gone(PooledConnection& connection) noexcept override;
  void on_room() noexcept override;
  void on_limit(std::uint32_t streams) noexcept override { announced_ = streams; }
  void on_timer() noexcept override;  // the oldest idle connection may have expired

  const UpstreamConfig& config_;
  const std::shared_ptr<SharedEndpoint> shared_;  // outlives what counts in it
  SharedEndpoint& endpoint_;                      // the same
  net::Loop& loop_;
  const MakeClient make_client_;
  Connector connector_;
  std::uint32_t addresses_version_ = 0;               // of the endpoint, as the connector has them
  IntrusiveList<PooledConnection> idle_;              // owned; front: the newest
  IntrusiveList<MultiplexedConnection> multiplexed_;  // each owned by its task; front: the oldest
  WaitQueue waiting_;
  unsigned handed_on_ = 0;  // to waiters of this worker while other workers waited too
  PoolCounts counts_;
  std::size_t dialing_ = 0;  // slots that somebody is about to fill
  std::size_t calls_ = 0;    // of lease() that did not end at once
  std::coroutine_handle<> awaits_unused_;
  bool multiplexes_;                        // as far as is known
  std::optional<std::uint32_t> announced_;  // streams at a time, by the SETTINGS that came last
  bool retired_ = false;
  TaskGroup tasks_;
  Wakeup wakeup_;
};

}  // namespace sluice::upstream
