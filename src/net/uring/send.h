// What a write that is under way points the kernel at.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "base/slice.h"
#include "net/uring/kernel.h"

namespace sluice::net {

/// The slices of one write and how far it is. Lent by a SendPool for as long as the write lasts,
/// so that an idle transport holds none.
class Send {
 public:
  void begin(std::span<const Slice> slices) noexcept;

  /// Fills in the next step: everything that is left, or as many slices as a step takes.
  void prepare(io_uring_sqe& entry, int descriptor) noexcept;

  /// Sends past the ring what the socket takes without waiting, and leaves the last segment open for FIN.
  /// True when nothing is left.
  bool send_now(int descriptor) noexcept;

  /// `bytes` more were sent. True when nothing is left.
  bool advance(std::size_t bytes) noexcept;

  bool done() const noexcept { return rest_.empty(); }

 private:
  friend class SendPool;
  static constexpr std::size_t kSlicesAtOnce = 32;

  void skip_empty() noexcept;

  std::span<const Slice> rest_;  // starts at a slice that is not empty and not wholly sent
  std::size_t sent_of_first_ = 0;
  msghdr message_{};
  std::array<iovec, kSlicesAtOnce> parts_;
  Send* next_free_ = nullptr;
};

class SendPool {
 public:
  SendPool() = default;
  ~SendPool();
  SendPool(const SendPool&) = delete;
  SendPool& operator=(const SendPool&) = delete;

  Send& take();
  void give_back(Send& send) noexcept;

 private:
  static constexpr unsigned kKept = 256;

  Send* free_ = nullptr;
  unsigned free_count_ = 0;
};

}  // namespace sluice::net
