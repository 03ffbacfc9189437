// Upstream connections that began with a client's PROXY header: they serve that client's connection alone,
// and end with it.
#pragma once

#include "base/intrusive_list.h"
#include "net/transport.h"
#include "upstream/pooled_connection.h"

namespace sluice::upstream {

/// Those of one client that are idle, of every upstream, newest first. Each is in its pool's list too, which
/// owns it and may end it. Loop's thread. Outlives the leases that were asked for with it.
class PrivateConnections {
 public:
  /// `client` outlives this.
  explicit PrivateConnections(const net::Transport& client) noexcept : client_(client) {}
  ~PrivateConnections();

  const net::Transport& client() const noexcept { return client_; }

  void add(PooledConnection& idle) noexcept { idle_.push_front(idle); }

  /// The newest of this pool, taken out of both lists; null where there is none.
  PooledConnection* take(const PooledConnection::Owner& pool) noexcept;

 private:
  const net::Transport& client_;
  IntrusiveList<PooledConnection, PrivateConnections> idle_;
};

}  // namespace sluice::upstream
