#include "net/memory/memory_network.h"

#include <cassert>

#include "net/memory/memory_acceptor.h"
#include "net/memory/memory_transport.h"

namespace sluice::net {

MemoryNetwork::MemoryNetwork(Loop& loop, const LoopOptions& options, MemoryFaults* faults)
    : loop_(loop), buffers_(options), faults_(faults) {}

MemoryNetwork::~MemoryNetwork() { assert(live_ == 0 && "a transport outlived its network"); }

Result<std::unique_ptr<Transport>> MemoryNetwork::connect(const Address& to, const ConnectOptions&) {
  ++connects_;
  Fault fault = faults_ ? faults_->before(MemoryStep::connect) : Fault::none;
  if (fault == Fault::none && faults_) fault = faults_->on_connect(to);
  auto from = Address::ipv4_loopback(next_port_++);
  return std::unique_ptr<Transport>(std::make_unique<MemoryTransport>(*this, std::move(from), to, fault));
}

Result<std::unique_ptr<Acceptor>> MemoryNetwork::listen(ListenSocket socket) {
  if (listening_.contains(socket.address)) return from_errno(EADDRINUSE);
  return std::unique_ptr<Acceptor>(std::make_unique<MemoryAcceptor>(*this, std::move(socket.address)));
}

BufferLease MemoryNetwork::lease(MemoryTransport& reader, bool has_turn, std::size_t expected) noexcept {
  BufferLease lease;
  if (has_turn || parked_.empty()) lease = buffers_.lease(expected);
  if (!lease && !reader.linked()) parked_.push_back(reader);
  return lease;
}

Chunk MemoryNetwork::chunk(const BufferLease& lease, std::size_t size) noexcept {
  return Chunk(*this, lease.data, lease.id, static_cast<std::uint32_t>(size));
}

void MemoryNetwork::take_back(char* buffer, std::uint32_t id) noexcept {
  buffers_.take_back(buffer, id);
  if (auto* first = parked_.pop_front()) first->unpark();
}

}  // namespace sluice::net
