// One end of a connection in memory.
#pragma once

#include "base/intrusive_list.h"
#include "net/memory/memory_network.h"
#include "net/memory/memory_pipe.h"

namespace sluice::net {

/// Its timer stands for everything that a kernel would tell: bytes arrive, the peer has made room,
/// a connect ends. Armed for the past it means "go on in the next turn".
class MemoryTransport final : public Transport, private Timer, public ListHook<> {
 public:
  /// One end of a connection that stands.
  MemoryTransport(MemoryNetwork& network, std::shared_ptr<MemoryLink> link, unsigned side, Address local,
                  Address peer);
  /// The end that connects. With `fault` it fails with it; Fault::timed_out: it never ends.
  MemoryTransport(MemoryNetwork& network, Address local, Address peer, Fault fault);
  ~MemoryTransport() override;

  void watch(Watcher* watcher) noexcept override;
  bool peer_gone() const noexcept override;
  void shutdown_write() noexcept override;
  void cancel_read() noexcept override;
  void abort(Fault why, bool reset) noexcept override;
  std::optional<std::uint64_t> delivered() const noexcept override {
    return sent_ - link_->pipes[side_].size();
  }
  const Address& peer() const noexcept override { return peer_; }
  const Address& local() const noexcept override { return local_; }

  /// A buffer has come back, and it is this transport's turn.
  void unpark() noexcept;

 private:
  bool start_read(ReadOp& op, std::size_t expected) noexcept override;
  bool start_write(WriteOp& op, std::span<const Slice> slices) noexcept override;
  bool start_connect(WriteOp& op) noexcept override;
  void on_timer() noexcept override;

  MemoryPipe& in() noexcept { return link_->pipes[1 - side_]; }
  MemoryPipe& out() noexcept { return link_->pipes[side_]; }
  void finish_connect() noexcept;
  void progress() noexcept;
  bool try_read(ReadOp& op) noexcept;
  bool try_write(WriteOp& op) noexcept;
  bool send_piece() noexcept;
  bool may_go_on_at_once() noexcept;
  Fault step(MemoryStep kind) noexcept;
  void break_link() noexcept;
  void close_link(bool reset) noexcept;
  void expect_arrival() noexcept;
  void go_on_soon() noexcept;
  static void tell(MemoryTransport* end) noexcept;
  void complete(WriteOp*& op, Result<void> result) noexcept;

  MemoryNetwork& network_;
  std::shared_ptr<MemoryLink> link_;  // shared by both ends
  unsigned side_ = 0;
  Address local_, peer_;
  bool connecting_ = false;
  bool at_end_ = false;
  bool has_turn_ = false;
  Fault failed_ = Fault::none;  // every operation fails with it
  bool connect_failed_ = false;
  std::size_t expected_ = 0;
  ReadOp* reading_ = nullptr;
  WriteOp* writing_ = nullptr;  // or connecting
  Watcher* watcher_ = nullptr;
  std::span<const Slice> slices_;
  std::size_t written_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t turn_ = 0;
  unsigned at_once_ = 0;
};

}  // namespace sluice::net
