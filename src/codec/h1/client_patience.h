// How long a client may keep the bytes of a body waiting.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "codec/h1/body_reader.h"
#include "codec/h1/body_writer.h"
#include "net/loop.h"

namespace sluice::codec::h1 {

/// A client's time within one exchange. It is used up while bytes of a body are waited for, to come or to be
/// taken, and at no other time; each byte that moves gives back as much as it may take at the least rate, up
/// to what was used. So a client that stands still is late after the whole allowance, one at half the rate
/// after twice that, one at the rate never. (RequestReadTimeout of Apache httpd has the same rule, without a
/// ceiling on what is given back.)
///
/// What has moved is counted a few times an allowance, when the deadline fires: a wait by itself costs
/// stores.
class ClientPatience final : public net::Deadline {
 public:
  struct Terms {
    Duration allowance;
    double least_rate;  ///< Bytes a second; 0: one byte gives everything back.
  };

  /// Reader and writer are those of the exchange and outlive this.
  ClientPatience(net::Loop& loop, const BodyReader& reader, const BodyWriter& writer) noexcept
      : net::Deadline(loop), reader_(reader), writer_(writer) {}

  /// Nothing is used yet, and nothing waited for.
  void begin(net::Transport& transport, Terms terms) noexcept;

  /// Gives back all that was used.
  void renew() noexcept;

  /// The client is waited for from now on, if it was not already. Without a least rate its time begins anew.
  void run(Expiry expiry) noexcept;
  void pause() noexcept;

  /// Others wait for what the exchange holds: true where the client has used up this much, at a lower rate
  /// than the least one; then its time is over. Asked at least twice, since the first time may only begin to
  /// count.
  bool shorten(Duration allowance) noexcept;

 private:
  TimePoint postponed() noexcept override;
  void use_up_to_now() noexcept;
  void give_back() noexcept;
  std::uint64_t count_moved() noexcept;
  Duration step() const noexcept { return terms_.allowance / 8; }

  const BodyReader& reader_;
  const BodyWriter& writer_;
  net::Transport* transport_ = nullptr;
  Terms terms_{};
  Duration used_{};
  Duration count_at_{};  // of used_
  std::optional<TimePoint> running_since_;
  std::uint64_t received_ = 0;              // as counted last
  std::optional<std::uint64_t> delivered_;  // none: what came before the first count belongs to others too
};

}  // namespace sluice::codec::h1
