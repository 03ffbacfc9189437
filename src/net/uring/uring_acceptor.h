// A listening socket driven by the ring: one multishot accept.
#pragma once

#include <deque>
#include <memory>
#include <new>

#include "base/intrusive_list.h"
#include "base/timer_wheel.h"
#include "net/loop.h"

namespace sluice::net {

class UringLoop;

/// Like a transport, deleting it only retires it until the kernel has let go.
class UringAcceptor final : public Acceptor, public ListHook<>, private Timer {
 public:
  /// Takes the socket over; begins to accept when it is first asked.
  static Result<std::unique_ptr<Acceptor>> listen(UringLoop& loop, ListenSocket socket);

  static void operator delete(UringAcceptor* self, std::destroying_delete_t) noexcept { self->retire(); }

  void stop() noexcept override;
  const Address& local() const noexcept override { return local_; }

  // For the loop: the completions of this socket's operations.
  void on_accept(int result, unsigned flags) noexcept;
  void on_nudge() noexcept;

  /// For the loop as it ends.
  void discard() noexcept;

 private:
  // Beyond so many that nobody asked for, the kernel's own queue holds the rest.
  static constexpr std::size_t kMostWaiting = 256;

  UringAcceptor(UringLoop& loop, const ListenSocket& socket) noexcept
      : loop_(loop), descriptor_(socket.descriptor), local_(socket.address) {}
  ~UringAcceptor() override;

  bool start_accept(AcceptOp& op) noexcept override;
  void on_timer() noexcept override;  // the pause after a failure is over

  void retire() noexcept;
  bool retired_and_gone() noexcept;
  void arm() noexcept;
  void hold_back() noexcept;
  bool next(Result<std::unique_ptr<Transport>>& result) noexcept;
  void tell() noexcept;

  UringLoop& loop_;
  int descriptor_;
  bool accepting_ = false;
  bool holding_back_ = false;  // accepting_ was cancelled because too many wait
  bool nudged_ = false;
  bool stopped_ = false;
  bool retired_ = false;
  Address local_;
  AcceptOp* waiter_ = nullptr;
  std::deque<int> accepted_;  // and not yet asked for
  Error failure_;             // not yet told
};

}  // namespace sluice::net
