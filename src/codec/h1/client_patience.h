// How long a client may keep the bytes of a body waiting.
#pragma once

#include <cstdint>
#include <optional>

#include "codec/h1/body_reader.h"
#include "codec/h1/body_writer.h"
#include "codec/patience.h"

namespace sluice::codec::h1 {

/// A client's time within one exchange, which has the connection for itself.
class ClientPatience final : public Patience {
 public:
  /// Reader and writer are those of the exchange and outlive this.
  ClientPatience(net::Loop& loop, const BodyReader& reader, const BodyWriter& writer) noexcept
      : Patience(loop), reader_(reader), writer_(writer) {}

  /// See Patience.
  void begin(net::Transport& transport, Terms terms) noexcept;

 private:
  std::uint64_t count_moved() noexcept override;
  bool counts_all() const noexcept override { return delivered_.has_value(); }

  const BodyReader& reader_;
  const BodyWriter& writer_;
  net::Transport* transport_ = nullptr;
  std::uint64_t received_ = 0;              // as counted last
  std::optional<std::uint64_t> delivered_;  // none: what came before the first count belongs to others too
};

}  // namespace sluice::codec::h1
