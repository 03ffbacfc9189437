// A stream socket on the epoll loop.
#pragma once

#include "net/epoll/epoll_loop.h"
#include "net/socket.h"

namespace sluice::net {

/// Tries at once where the kernel has said that there is something to do, and waits for the next
/// edge where not. About 200 bytes.
class EpollTransport final : public Transport,
                             public EpollSource,
                             public ListHook<AgainTag>,
                             public ListHook<ParkedTag> {
 public:
  static Result<std::unique_ptr<Transport>> connect(EpollLoop& loop, const Address& to,
                                                    const ConnectOptions& options);

  /// Takes over a connected socket, non-blocking.
  EpollTransport(EpollLoop& loop, int descriptor, Address peer) noexcept;
  ~EpollTransport() override;

  void watch(Watcher* watcher) noexcept override;
  bool peer_gone() const noexcept override;
  void shutdown_write() noexcept override;
  void end_with_next_write() noexcept override { set(ends); }
  void cancel_read() noexcept override;
  void abort(Fault why, bool reset) noexcept override;
  std::optional<std::uint64_t> delivered() const noexcept override { return delivered_bytes(socket_); }
  const Address& peer() const noexcept override { return peer_; }
  const Address& local() const noexcept override;
  bool takes_pipes() const noexcept override { return true; }

  // For the loop.
  void on_events(std::uint32_t events) noexcept override;
  void on_buffer() noexcept;
  void progress() noexcept;

 private:
  bool start_read(ReadOp& op, std::size_t expected) noexcept override;
  bool start_write(WriteOp& op, std::span<const Slice> slices) noexcept override;
  bool start_connect(WriteOp& op) noexcept override;

  enum Flag : std::uint16_t {
    readable = 1,  // a recv may bring something
    writable = 2,
    peer_done = 4,  // RDHUP: nothing comes after what is there
    broken = 8,     // HUP or ERR
    at_end = 16,    // a read has given the end
    connecting = 32,
    registered = 64,
    writes_watched = 128,  // EPOLLOUT is in the registration
    bulk = 256,            // the pending read expects much
    has_turn = 512,        // it comes from the parked queue: others that wait do not go first
    ends = 1024,           // FIN goes with the last byte of the write that is under way or comes next
    fin_sent = 2048,
  };
  bool is(unsigned flags) const noexcept { return (flags_ & flags) != 0; }
  void set(unsigned flags) noexcept { flags_ = static_cast<std::uint16_t>(flags_ | flags); }
  void unset(unsigned flags) noexcept { flags_ = static_cast<std::uint16_t>(flags_ & ~flags); }

  bool try_read(ReadOp& op) noexcept;
  bool try_fill(ReadOp& op, Pipe& pipe) noexcept;
  bool end_read(ReadOp& op, int error) noexcept;
  bool try_write(WriteOp& op) noexcept;
  void send_fin() noexcept;
  int send_slices() noexcept;
  void drop_written(std::size_t bytes) noexcept;
  void finish_connect() noexcept;
  bool something_to_tell() noexcept;
  bool within_budget() noexcept;
  void expect_events(bool writes) noexcept;

  EpollLoop& loop_;
  int socket_;
  std::uint16_t flags_ = writable;
  Fault aborted_ = Fault::none;
  std::uint8_t at_once_ = 0;  // operations that completed at once in this turn
  std::uint32_t turn_ = 0;
  int read_error_ = 0;  // errno values; a stream whose writes fail may still hold data to read
  int write_error_ = 0;
  ReadOp* reading_ = nullptr;
  WriteOp* writing_ = nullptr;  // or connecting
  Watcher* watcher_ = nullptr;
  std::span<const Slice> slices_;  // what is left of the pending write
  std::size_t written_ = 0;        // of the first slice
  Address peer_;
  mutable std::unique_ptr<Address> local_;  // asked of the kernel when wanted
};

}  // namespace sluice::net
