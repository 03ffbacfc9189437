// How long a client may keep the bytes of a stream's bodies waiting.
#pragma once

#include <cstdint>
#include <optional>

#include "codec/patience.h"

namespace sluice::codec::h2 {

class Stream;

/// A client's time within one stream. For one that has no more window only its own bytes count; one that has
/// waits for its turn on the connection, and there all that the client takes counts. Nothing is used while
/// the connection's window keeps the client from sending.
class StreamPatience final : public Patience {
 public:
  /// The stream outlives this.
  StreamPatience(net::Loop& loop, const Stream& stream) noexcept : Patience(loop), stream_(stream) {}

  /// See Patience.
  void begin(net::Breakable& target, Terms terms) noexcept;

 private:
  std::uint64_t count_moved() noexcept override;
  bool counts_all() const noexcept override { return connection_taken_.has_value(); }
  std::uint64_t count_taken() noexcept;

  const Stream& stream_;
  std::uint64_t received_ = 0;  // as counted last
  std::uint64_t taken_ = 0;     // of the stream
  std::optional<std::uint64_t>
      connection_taken_;  // none: what came before the first count is not of this stream
};

}  // namespace sluice::codec::h2
