// Ties a transport to a canceller for the time of one wait.
#pragma once

#include "net/transport.h"
#include "upstream/canceller.h"

namespace sluice::upstream {

/// Lives in the frame of the coroutine that waits, after the transport.
class AbortOnCancel final : private CancelPoint {
 public:
  AbortOnCancel(Canceller* canceller, net::Transport& transport) noexcept
      : CancelPoint(canceller), transport_(transport) {}
  ~AbortOnCancel() override = default;

 private:
  void on_cancel() noexcept override { transport_.abort(Fault::cancelled); }
  net::Transport& transport_;
};

}  // namespace sluice::upstream
