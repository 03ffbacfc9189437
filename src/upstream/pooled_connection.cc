#include "upstream/pooled_connection.h"

namespace sluice::upstream {

PooledConnection::PooledConnection(Owner& owner, Slot slot, std::unique_ptr<codec::ClientConnection> client,
                                   const net::Address& address, PrivateConnections* only_for)
    : owner_(owner),
      slot_(std::move(slot)),
      client_(std::move(client)),
      only_for_(only_for),
      address_(address),
      address_text_(address.to_string()) {}

PooledConnection::~PooledConnection() = default;

void PooledConnection::rest(TimePoint now) noexcept {
  idle_since_ = now;
  client_->rest();
  client_->transport().watch(this);
}

void PooledConnection::rise() noexcept { client_->transport().watch(nullptr); }

}  // namespace sluice::upstream
