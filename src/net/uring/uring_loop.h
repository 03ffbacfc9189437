// The event loop on io_uring: one call into the kernel a turn, for all connections.
#pragma once

#include <memory>

#include "base/intrusive_list.h"
#include "net/buffer_pool.h"
#include "net/loop.h"
#include "net/pipe_pool.h"
#include "net/uring/buffer_ring.h"
#include "net/uring/kernel.h"
#include "net/uring/ring.h"
#include "net/uring/send.h"
#include "net/uring/uring_acceptor.h"
#include "net/uring/uring_transport.h"

namespace sluice::net {

/// Operations that coroutines start during a turn are handed to the kernel together at its end.
/// The ring belongs to the thread that runs the first turn. Transports and acceptors are deleted
/// before the loop; what the kernel still holds of them then is cancelled and waited for.
class UringLoop final : public Loop, private Network {
 public:
  /// Throws std::system_error when the kernel refuses.
  UringLoop(Clock& clock, const LoopOptions& options, Kernel& kernel = Kernel::system());
  ~UringLoop() override;

  Network& network() noexcept override { return *this; }

  /// The ring sees to its own buffers.
  void release_unused() noexcept override {
    Loop::release_unused();
    bulk_.release_unused();
  }

  // For transports and acceptors:
  Ring& ring() noexcept { return ring_; }
  BufferRing& buffers() noexcept { return buffers_; }
  SendPool& sends() noexcept { return sends_; }
  PipePool& pipes() noexcept { return pipes_; }

  /// Called when a receive found no buffer in the ring: false when there can be no more for now.
  bool more_buffers() noexcept;

  /// A large buffer to receive into; no buffer when as many are leased as may be.
  Chunk lease_bulk() noexcept;
  unsigned bulk_size() const noexcept { return bulk_size_; }

  /// Readers that found no buffer wait in line; those that come while there is a line join it.
  void park(UringTransport& reader) noexcept { parked_.push_back(reader); }
  bool anyone_parked() const noexcept { return !parked_.empty(); }

  void remember_retired(UringTransport& transport) noexcept { retired_.push_back(transport); }
  void remember_retired(UringAcceptor& acceptor) noexcept { retired_acceptors_.push_back(acceptor); }

  void close(int descriptor) noexcept;

 private:
  struct ShrinkTimer final : Timer {
    explicit ShrinkTimer(UringLoop& l) noexcept : loop(l) {}
    void on_timer() noexcept override { loop.shrink(); }
    UringLoop& loop;
  };

  Result<std::unique_ptr<Transport>> connect(const Address& to, const ConnectOptions& options) override;
  Result<std::unique_ptr<Acceptor>> listen(ListenSocket socket) override;

  void wait(TimePoint until) override;
  void wake() noexcept override;

  void feed_parked() noexcept;
  void shrink() noexcept;
  void hand_out(const Completion& completion) noexcept;
  void wait_for_wake() noexcept;
  void drain() noexcept;

  Ring ring_;
  BufferRing buffers_;
  BufferPool bulk_;
  unsigned bulk_size_;
  SendPool sends_;
  PipePool pipes_;
  IntrusiveList<UringTransport> parked_;
  IntrusiveList<UringTransport> retired_;
  IntrusiveList<UringAcceptor> retired_acceptors_;
  ShrinkTimer shrink_timer_{*this};
  int wake_descriptor_;
  std::uint64_t wake_count_ = 0;  // the kernel writes here
  bool ending_ = false;
};

/// Throws std::system_error when the kernel refuses; uring_unusable() says why in words.
std::unique_ptr<Loop> make_uring_loop(Clock& clock, const LoopOptions& options);

}  // namespace sluice::net
