// A socket driven by the ring.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>

#include "base/intrusive_list.h"
#include "net/chunk.h"
#include "net/transport.h"
#include "net/uring/pooled_address.h"
#include "net/uring/send.h"

namespace sluice::net {

class UringLoop;
struct ConnectOptions;

/// The kernel holds the address of this object while an operation is in flight, so deleting it
/// only retires it: what is in flight is cancelled, and the memory is given back with the last
/// completion. An idle one takes 128 bytes, and as much again for each address asked for.
class UringTransport final : public Transport, public ListHook<> {
 public:
  /// Begins to connect.
  static Result<std::unique_ptr<Transport>> connect(UringLoop& loop, const Address& to,
                                                    const ConnectOptions& options);

  /// Takes an accepted descriptor over.
  static std::unique_ptr<Transport> accepted(UringLoop& loop, int descriptor);

  static void operator delete(UringTransport* self, std::destroying_delete_t) noexcept { self->retire(); }

  void watch(Watcher* watcher) noexcept override;
  bool peer_gone() const noexcept override;
  void shutdown_write() noexcept override;
  void end_with_next_write() noexcept override { ends_ = true; }
  void cancel_read() noexcept override;
  void abort(Fault why, bool reset) noexcept override;
  std::optional<std::uint64_t> delivered() const noexcept override;
  const Address& peer() const noexcept override;
  const Address& local() const noexcept override;
  bool takes_pipes() const noexcept override { return true; }

  // For the loop: the completions of this socket's operations.
  void on_receive(int result, unsigned flags) noexcept;
  void on_send(int result) noexcept;
  void on_connect(int result) noexcept;
  void on_nudge() noexcept;

  /// For the loop: a buffer may be free for this reader, which found none.
  void receive_again() noexcept;

  /// For the loop as it ends: gives up a retired transport whose completions will never come.
  void discard() noexcept;

 private:
  UringTransport(UringLoop& loop, int descriptor) noexcept : loop_(loop), descriptor_(descriptor) {}
  ~UringTransport() override;

  bool start_read(ReadOp& op, std::size_t expected) noexcept override;
  bool start_write(WriteOp& op, std::span<const Slice> slices) noexcept override;
  bool start_connect(WriteOp& op) noexcept override;

  void retire() noexcept;
  bool retired_and_gone() noexcept {
    if (!retired_ || in_flight()) return false;
    discard();
    return true;
  }
  bool in_flight() const noexcept { return receiving_ || sending_ || connecting_ || nudged_; }
  void break_socket(bool reset) noexcept;
  void nudge() noexcept;

  // uring_transport_reading.cc
  void receive(std::size_t expected) noexcept;
  void keep(int result, unsigned flags) noexcept;
  void starve() noexcept;
  bool has_news() const noexcept;
  Result<Chunk> take_news() noexcept;
  void tell() noexcept;
  void finish_read(Result<Chunk> result) noexcept;

  // uring_transport_writing.cc
  void send() noexcept;
  void fail_write(int error) noexcept;
  void note_lost(int error) noexcept;
  void finish_write(Result<void> result) noexcept;
  bool send_with_fin(Send& send) noexcept;
  void send_fin() noexcept;

  // uring_transport_pipes.cc
  void await_readable() noexcept;
  std::optional<int> fill_pipe() noexcept;
  bool start_draining(WriteOp& op) noexcept;
  int drain_pipe(Pipe& pipe) noexcept;
  void await_writable() noexcept;
  void go_on_draining() noexcept;

  UringLoop& loop_;
  int descriptor_;

  // In flight:
  bool receiving_ : 1 = false;
  bool receiving_bulk_ : 1 = false;  // into kept_'s buffer
  bool polling_ : 1 = false;         // receiving_ only waits for bytes, which then go into a pipe
  bool sending_ : 1 = false;
  bool draining_ : 1 = false;  // sending_ only waits for room, which then is for the pipe
  bool connecting_ : 1 = false;
  bool nudged_ : 1 = false;
  // Wanted:
  bool cancelling_ : 1 = false;  // the pending read ends with Fault::cancelled
  bool ends_ : 1 = false;        // the next write is the last
  bool fin_wanted_ : 1 = false;  // after the write that is under way
  bool fin_sent_ : 1 = false;
  // Known:
  bool drained_ : 1 = false;  // the last receive left nothing, as far as the kernel told
  bool ended_ : 1 = false;    // FIN was read
  bool lost_ : 1 = false;     // a send took the socket's error, so that what looks like FIN is none
  bool aborted_ : 1 = false;
  bool retired_ : 1 = false;

  ReadOp* reader_ = nullptr;
  WriteOp* writer_ = nullptr;  // of a write or of the connect
  Watcher* watcher_ = nullptr;
  Send* send_ = nullptr;
  mutable PooledAddress peer_, local_;  // once asked for
  Chunk kept_;                          // read and not yet asked for
  Error error_;                         // sticky: of a receive or connect, or why it was aborted
};

}  // namespace sluice::net
