// Connections that never leave the process: pairs of bounded pipes on one loop.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "base/intrusive_list.h"
#include "net/buffer_pool.h"
#include "net/loop.h"

namespace sluice::net {

class MemoryAcceptor;
class MemoryTransport;

/// What an operation on the memory network is about to do.
enum class MemoryStep : std::uint8_t { read, write, connect, accept };

/// What befalls the network: the simulated world's way in. The default is a perfect network.
class MemoryFaults {
 public:
  virtual ~MemoryFaults() = default;

  /// Called before each operation; a fault makes that one fail with it. A read or write that fails
  /// with Fault::reset breaks the connection for both sides.
  virtual Fault before(MemoryStep) noexcept { return Fault::none; }

  /// How a connect ends: Fault::none, refused, unreachable, or timed_out for never.
  virtual Fault on_connect(const Address&) noexcept { return Fault::none; }

  struct Delivery {
    std::size_t bytes;     ///< How many of those offered travel together, at least 1.
    Duration delay{};      ///< Until the peer can read them.
    bool dropped = false;  ///< From here on nothing arrives and nothing is said: a dead link.
    bool reset = false;    ///< The connection breaks instead.
  };
  virtual Delivery deliver(std::size_t offered) noexcept { return {offered}; }

  /// How much a read of `there` bytes sees of them, at least 1.
  virtual std::size_t read_size(std::size_t there) noexcept { return there; }

  /// An operation that could complete at once is made to wait for the next turn.
  virtual bool postpone() noexcept { return false; }
};

class MemoryNetwork final : public Network, private ChunkOwner {
 public:
  /// The loop and the faults must outlive the network, and the network its transports.
  explicit MemoryNetwork(Loop& loop, const LoopOptions& options = {}, MemoryFaults* faults = nullptr);
  ~MemoryNetwork() override;

  Result<std::unique_ptr<Transport>> connect(const Address& to, const ConnectOptions& options) override;
  Result<std::unique_ptr<Acceptor>> listen(ListenSocket socket) override;

  /// Bytes that may lie in one direction of a connection.
  void set_capacity(std::size_t bytes) noexcept { capacity_ = bytes; }

  // What tests count.
  std::size_t live_transports() const noexcept { return live_; }
  std::size_t leased_buffers() const noexcept { return buffers_.leased(); }
  std::uint64_t connects() const noexcept { return connects_; }

 private:
  friend class MemoryTransport;
  friend class MemoryAcceptor;

  BufferLease lease(MemoryTransport& reader, bool has_turn, std::size_t expected) noexcept;
  Chunk chunk(const BufferLease& lease, std::size_t size) noexcept;
  void take_back(char* buffer, std::uint32_t id) noexcept override;

  Loop& loop_;
  BufferPool buffers_;
  MemoryFaults* faults_;
  std::size_t capacity_ = 64 * 1024;
  std::size_t live_ = 0;
  std::uint64_t connects_ = 0;
  std::uint16_t next_port_ = 40000;
  std::unordered_map<Address, MemoryAcceptor*> listening_;
  IntrusiveList<MemoryTransport> parked_;  // wait for a buffer, in order
};

}  // namespace sluice::net
