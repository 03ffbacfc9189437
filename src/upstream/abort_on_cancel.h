// Ties a connection or a stream to a canceller for the time of one wait.
#pragma once

#include "net/transport.h"
#include "upstream/canceller.h"

namespace sluice::upstream {

/// Lives in the frame of the coroutine that waits, after what it breaks.
class AbortOnCancel final : private CancelPoint {
 public:
  AbortOnCancel(Canceller* canceller, net::Breakable& target) noexcept
      : CancelPoint(canceller), target_(target) {}
  ~AbortOnCancel() override = default;

 private:
  void on_cancel() noexcept override { target_.abort(Fault::cancelled); }
  net::Breakable& target_;
};

}  // namespace sluice::upstream
