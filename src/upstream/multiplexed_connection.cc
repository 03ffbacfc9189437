#include "upstream/multiplexed_connection.h"

namespace sluice::upstream {

MultiplexedConnection::MultiplexedConnection(const Parts& parts, Slot slot,
                                             std::unique_ptr<net::Transport> transport,
                                             const net::Address& address)
    : counts_(parts.counts),
      slot_(std::move(slot)),
      client_(parts.loop, std::move(transport), parts.limits, parts.owner),
      address_(address),
      address_text_(address.to_string()) {}

MultiplexedConnection::~MultiplexedConnection() { count_idle(false); }

void MultiplexedConnection::count_idle(bool idle) noexcept {
  if (std::exchange(idle_, idle) == idle) return;
  if (idle) {
    counts_.idle.add();
  } else {
    counts_.idle.remove();
  }
}

LentStream::LentStream(MultiplexedConnection& connection)
    : connection_(&connection),
      stream_(&connection.client().open()),
      reused_(connection.client().requests() > 1) {
  connection.count_idle(false);
}

LentStream::~LentStream() {
  if (!connection_) return;
  auto& client = connection_->client();
  if (client.streams() == 1) connection_->count_idle(true);
  stream_->end();  // which may be the end of the connection too
}

}  // namespace sluice::upstream
