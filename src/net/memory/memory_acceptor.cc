#include "net/memory/memory_acceptor.h"

#include "net/memory/memory_transport.h"

namespace sluice::net {

MemoryAcceptor::MemoryAcceptor(MemoryNetwork& network, Address address)
    : network_(network), address_(std::move(address)) {
  network_.listening_[address_] = this;
}

MemoryAcceptor::~MemoryAcceptor() {
  leave();
  // Who connected and was never accepted sees a reset, as a closed queue makes it.
  for (auto& [link, from] : arrived_)
    MemoryTransport(network_, link, 1, address_, from).abort(Fault::cancelled, true);
}

void MemoryAcceptor::stop() noexcept {
  stopped_ = true;
  leave();
  auto* op = std::exchange(waiting_, nullptr);
  if (!op) return;
  op->result = Error{.fault = Fault::cancelled};
  network_.loop_.defer(op->waiter);
}

void MemoryAcceptor::offer(std::shared_ptr<MemoryLink> link, const Address& from) {
  arrived_.push_back({std::move(link), from});
  if (waiting_) network_.loop_.timers().arm(*this, TimePoint::min());
}

bool MemoryAcceptor::start_accept(AcceptOp& op) noexcept {
  if (stopped_ && arrived_.empty()) {
    op.result = Error{.fault = Fault::cancelled};
    return true;
  }
  Fault fault = network_.faults_ ? network_.faults_->before(MemoryStep::accept) : Fault::none;
  if (fault != Fault::none) {
    op.result = Error{.fault = fault};
    return true;
  }
  waiting_ = &op;
  if (!arrived_.empty()) network_.loop_.timers().arm(*this, TimePoint::min());
  return false;
}

void MemoryAcceptor::on_timer() noexcept {
  if (!waiting_ || arrived_.empty()) return;
  auto [link, from] = std::move(arrived_.front());
  arrived_.pop_front();
  auto* op = std::exchange(waiting_, nullptr);
  op->result = std::make_unique<MemoryTransport>(network_, std::move(link), 1, address_, std::move(from));
  op->waiter.resume();
}

void MemoryAcceptor::leave() noexcept {
  auto found = network_.listening_.find(address_);
  if (found != network_.listening_.end() && found->second == this) network_.listening_.erase(found);
}

}  // namespace sluice::net
