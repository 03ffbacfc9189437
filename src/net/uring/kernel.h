// The few calls of a ring that enter the kernel.
#pragma once

#include <liburing.h>

#include <string>

namespace sluice::net {

/// Everything else about a ring is memory that both sides see, so a test that puts a kernel of its
/// own here decides what completes, when, how and in which order. Results are 0 (or a count) or a
/// negative errno.
class Kernel {
 public:
  virtual ~Kernel() = default;

  virtual int open(io_uring& ring, unsigned entries, io_uring_params& params) noexcept;
  virtual void close(io_uring& ring) noexcept;

  /// Binds a ring that was opened disabled to the thread that calls.
  virtual int enable(io_uring& ring) noexcept;
  virtual int register_buffers(io_uring& ring, io_uring_buf_reg& buffers) noexcept;

  /// Hands in what is queued; waits for nothing.
  virtual int submit(io_uring& ring) noexcept;

  /// Hands in what is queued and collects what has completed, without waiting.
  virtual int submit_and_peek(io_uring& ring) noexcept;

  /// Hands in what is queued and waits for a completion; null: for as long as it takes.
  virtual int submit_and_wait(io_uring& ring, __kernel_timespec* timeout) noexcept;

  /// The kernel of this machine.
  static Kernel& system() noexcept;
};

/// The parameters that the event loop opens its ring with.
io_uring_params loop_ring_params(unsigned completions) noexcept;

/// Why this machine cannot run the io_uring event loop, in words for the log; empty when it can.
std::string uring_unusable();

}  // namespace sluice::net
