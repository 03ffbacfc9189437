// A listening socket on the epoll loop.
#pragma once

#include "net/epoll/epoll_loop.h"

namespace sluice::net {

/// Level-triggered, so that a lone connection costs one accept4 and no second one to see EAGAIN;
/// when connections keep coming, up to 16 are taken a turn.
class EpollAcceptor final : public Acceptor, private EpollSource, private Timer {
 public:
  EpollAcceptor(EpollLoop& loop, ListenSocket socket) noexcept;
  ~EpollAcceptor() override;

  void stop() noexcept override;
  const Address& local() const noexcept override { return socket_.address; }

 private:
  bool start_accept(AcceptOp& op) noexcept override;
  void on_events(std::uint32_t events) noexcept override;
  void on_timer() noexcept override;
  bool accept_one() noexcept;
  void listen_for_events(bool on) noexcept;

  EpollLoop& loop_;
  ListenSocket socket_;
  AcceptOp* waiting_ = nullptr;
  bool* destroyed_ = nullptr;  // set while connections are handed out
  bool registered_ = false;
  bool stopped_ = false;
  unsigned batch_ = 1;
  std::uint64_t last_turn_ = 0;
};

}  // namespace sluice::net
