#include "upstream/private_connections.h"

namespace sluice::upstream {

PrivateConnections::~PrivateConnections() {
  while (auto* connection = idle_.pop_front()) connection->end_with_client();
}

PooledConnection* PrivateConnections::take(const PooledConnection::Owner& pool) noexcept {
  PooledConnection* found = nullptr;
  idle_.each([&](PooledConnection& connection) {
    if (!found && connection.is_of(pool)) found = &connection;
  });
  if (found) found->unlink();
  return found;
}

}  // namespace sluice::upstream
