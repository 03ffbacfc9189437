// The listening side of the memory network.
#pragma once

#include <deque>

#include "net/memory/memory_network.h"
#include "net/memory/memory_pipe.h"

namespace sluice::net {

class MemoryAcceptor final : public Acceptor, private Timer {
 public:
  MemoryAcceptor(MemoryNetwork& network, Address address);
  ~MemoryAcceptor() override;

  void stop() noexcept override;
  const Address& local() const noexcept override { return address_; }

  /// A connection arrives.
  void offer(std::shared_ptr<MemoryLink> link, const Address& from);

 private:
  struct Arrived {
    std::shared_ptr<MemoryLink> link;
    Address from;
  };

  bool start_accept(AcceptOp& op) noexcept override;
  void on_timer() noexcept override;
  void leave() noexcept;

  MemoryNetwork& network_;
  Address address_;
  std::deque<Arrived> arrived_;
  AcceptOp* waiting_ = nullptr;
  bool stopped_ = false;
};

}  // namespace sluice::net
