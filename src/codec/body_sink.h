// Where a body goes: a client's response or an upstream's request.
#pragma once

#include "base/error.h"
#include "base/task.h"
#include "http/header_block.h"
#include "sluice/body.h"

namespace sluice::codec {

/// The most slices a piece may have.
inline constexpr std::size_t kMaxSlices = 16;

class BodySink {
 public:
  /// Sends a piece; a head that was held back goes in front of it, in the same gathered write.
  /// With the last piece the trailers, where there are any and the framing can carry them.
  virtual Task<Result<void>> write(const BodyPiece& piece, const http::HeaderBlock* trailers) = 0;

  /// Pieces of this message may be pipes.
  virtual bool takes_pipes() const noexcept { return false; }

 protected:
  ~BodySink() = default;
};

}  // namespace sluice::codec
