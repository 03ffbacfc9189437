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
// Slots are the endpoint's connections.max, counted over all workers. A worker that waits for one
// wakes the pools of the others, which then give up an idle connection; whoever closes a connection
// while somebody waits wakes them all.
#pragma once

#include <atomic>
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
    SharedEndpoint& endpoint;
    std::size_t index;  ///< Of the endpoint in its upstream.
    net::Loop& loop;
    MakeClient make_client;
    Opening opening;
  };

  explicit EndpointPool(const Parts& parts);
  ~EndpointPool() override;

  SharedEndpoint& endpoint() noexcept { return endpoint_; }
  std::size_t index() const noexcept { return index_; }
  const PoolCounts& counts() const noexcept override { return counts_; }

  /// Where to dial from now on; idle connections to other addresses are closed a while later.
  void set_addresses(const Addresses& addresses) { connector_.set_addresses(addresses); }

  /// See Upstream::connect() and reuse().
  Task<Result<Lease>> lease(LeaseOptions options);
  std::optional<Lease> reuse(PrivateConnections* client) noexcept;

  /// Closes the idle connections and those that come back from now on.
  void retire() noexcept;
  /// After retire(), once it is not in use: until the last connection has ended.
  Task<void> drained() { co_await tasks_.join(); }
  bool in_use() const noexcept;

 private:
  friend class Lease;

  using Connection = std::unique_ptr<PooledConnection>;

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

  void wake() noexcept override;  // any thread
  void on_woken() noexcept;
  void on_idle_activity(PooledConnection& connection) noexcept override;
  void on_client_gone(PooledConnection& connection) noexcept override;
  void on_room() noexcept override;
  void on_limit(std::uint32_t streams) noexcept override { announced_ = streams; }
  void on_timer() noexcept override;  // the oldest idle connection may have expired

  const UpstreamConfig& config_;
  SharedEndpoint& endpoint_;
  const std::size_t index_;
  net::Loop& loop_;
  const MakeClient make_client_;
  Connector connector_;
  IntrusiveList<PooledConnection> idle_;              // owned; front: the newest
  IntrusiveList<MultiplexedConnection> multiplexed_;  // each owned by its task; front: the oldest
  WaitQueue waiting_;
  unsigned handed_on_ = 0;  // to waiters of this worker while other workers waited too
  PoolCounts counts_;
  std::size_t dialing_ = 0;                 // slots that somebody is about to fill
  bool multiplexes_;                        // as far as is known
  std::optional<std::uint32_t> announced_;  // streams at a time, by the SETTINGS that came last
  bool retired_ = false;
  TaskGroup tasks_;

  // Posted functions may run after the pool is gone: they find it through this.
  struct Link {
    EndpointPool* pool = nullptr;
    std::atomic<bool> posted{false};  // acquire-release: one post at a time is enough
  };
  std::shared_ptr<Link> link_;
};

}  // namespace sluice::upstream
