#include "proxy/entrance.h"

#include <utility>

namespace sluice::proxy {

Entrance::Entrance(std::unique_ptr<net::Acceptor> acceptor, Listener& listener)
    : acceptor_(std::move(acceptor)), listener_(&listener) {
  tasks_.spawn(run());
}

Task<void> Entrance::run() {
  for (;;) {
    auto transport = co_await acceptor_->accept();
    if (transport) {
      listener_->take(std::move(*transport));
    } else if (transport.error().fault == Fault::cancelled) {
      break;
    } else {
      listener_->not_accepted(transport.error());
    }
  }
  acceptor_.reset();
}

}  // namespace sluice::proxy
