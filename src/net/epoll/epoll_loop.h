// The loop over edge-triggered epoll: for where io_uring is not allowed.
#pragma once

#include <sys/epoll.h>

#include <memory>

#include "base/intrusive_list.h"
#include "net/buffer_pool.h"
#include "net/loop.h"
#include "net/pipe_pool.h"

namespace sluice::net {

class EpollTransport;

/// Whatever has a descriptor registered with the loop.
class EpollSource {
 public:
  virtual void on_events(std::uint32_t events) noexcept = 0;

 protected:
  ~EpollSource() = default;
};

struct AgainTag;
struct ParkedTag;

class EpollLoop final : public Loop, private Network {
 public:
  EpollLoop(Clock& clock, const LoopOptions& options);
  ~EpollLoop() override;

  Network& network() noexcept override { return *this; }
  BufferPool& buffers() noexcept { return buffers_; }
  PipePool& pipes() noexcept { return pipes_; }
  void release_unused() noexcept override {
    Loop::release_unused();
    buffers_.release_unused();
  }

  // For transports and acceptors.
  bool add(int descriptor, std::uint32_t events, EpollSource& source) noexcept;
  bool modify(int descriptor, std::uint32_t events, EpollSource& source) noexcept;
  void remove(int descriptor) noexcept;

  /// Events of this batch that were not handed out yet do not reach the source any more.
  void forget(const EpollSource& source) noexcept;

  /// The transport goes on in the next turn.
  void again(EpollTransport& transport) noexcept;

  /// The transport reads when a buffer has come back and those before it had theirs.
  void park(EpollTransport& transport) noexcept;
  bool anyone_parked() const noexcept { return !parked_.empty(); }

 private:
  Result<std::unique_ptr<Transport>> connect(const Address& to, const ConnectOptions& options) override;
  Result<std::unique_ptr<Acceptor>> listen(ListenSocket socket) override;
  void wait(TimePoint until) override;
  void wake() noexcept override;

  int timeout_ms(TimePoint until) const noexcept;
  void serve_parked() noexcept;
  void serve_again() noexcept;

  static constexpr int kBatch = 256;

  BufferPool buffers_;
  PipePool pipes_;
  int epoll_ = -1;
  int wake_ = -1;
  int count_ = 0;  // of the batch being handed out
  int next_ = 0;   // the first that was not handed out yet
  IntrusiveList<EpollTransport, AgainTag> again_;
  IntrusiveList<EpollTransport, ParkedTag> parked_;
  epoll_event events_[kBatch];
};

}  // namespace sluice::net
