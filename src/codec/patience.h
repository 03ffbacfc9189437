// How long a peer may keep bytes waiting.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "net/loop.h"

namespace sluice::codec {

/// A peer's time. It is used up while bytes are waited for, to come or to be taken, and at no other time;
/// each byte that moves gives back as much as it may take at the least rate, up to what was used. So a peer
/// that stands still is late after the whole allowance, one at half the rate after twice that, one at the
/// rate never. (RequestReadTimeout of Apache httpd has the same rule, without a ceiling on what is given
/// back.)
///
/// What has moved is counted a few times an allowance, when the deadline fires: a wait by itself costs
/// stores.
class Patience : public net::Deadline {
 public:
  struct Terms {
    Duration allowance;
    double least_rate;  ///< Bytes a second; 0: one byte gives everything back.
  };

  explicit Patience(net::Loop& loop) noexcept : net::Deadline(loop) {}

  /// Nothing is used yet, and nothing waited for.
  void begin(net::Breakable& target, Terms terms) noexcept;

  /// Gives back all that was used.
  void renew() noexcept;

  /// The peer is waited for from now on, if it was not already. Without a least rate its time begins anew.
  void run(Expiry expiry) noexcept;
  void pause() noexcept;

  /// Others wait for what the peer holds up: true where it has used up this much, at a lower rate than the
  /// least one; then its time is over. Asked at least twice, since the first time may only begin to count.
  bool shorten(Duration allowance) noexcept;

 protected:
  ~Patience() = default;

  /// Bytes that have moved since the last count.
  virtual std::uint64_t count_moved() noexcept = 0;
  /// What count_moved() gives is all of it: not so before the first count, where that has to tell whose bytes
  /// they are.
  virtual bool counts_all() const noexcept { return true; }

 private:
  TimePoint postponed() noexcept override;
  void use_up_to_now() noexcept;
  void give_back() noexcept;
  Duration step() const noexcept { return terms_.allowance / 8; }

  net::Breakable* target_ = nullptr;
  Terms terms_{};
  Duration used_{};
  Duration count_at_{};  // of used_
  std::optional<TimePoint> running_since_;
};

}  // namespace sluice::codec
