// Bodies as middlewares see them: pieces, where they come from, and filters on their way.
#pragma once

#include <cstddef>
#include <span>

#include "base/error.h"
#include "base/slice.h"
#include "base/task.h"
#include "http/header_block.h"

namespace sluice {

namespace net {
class Pipe;
}

/// Some bytes of a body, as slices that stay valid until the next read of the source they came from.
struct BodyPiece {
  std::span<const Slice> slices{};
  std::size_t bytes = 0;  ///< The sum over the slices, or what is in the pipe.
  bool last = false;      ///< Nothing follows; the trailers are known now.
  net::Pipe* pipe =
      nullptr;  ///< In place of slices, where nobody looks at the body: no filter ever sees one.
};

/// Where a body comes from: a client, an upstream, a cache entry, a handler.
class BodySource {
 public:
  virtual ~BodySource() = default;

  /// The next piece; it may be empty only when it is the last. Not called again after the last
  /// piece or an error.
  virtual Task<Result<BodyPiece>> read() = 0;

  /// The pieces go on to where a pipe can be written, and nobody looks at them: they may be pipes from here
  /// on.
  virtual void allow_pipes() noexcept {}

  /// read() would complete without waiting.
  virtual bool ready() const noexcept = 0;

  /// Fields of the trailer section (RFC 9110 6.5), complete once the last piece was read; null
  /// where there can be none.
  virtual const http::HeaderBlock* trailers() const noexcept { return nullptr; }
};

/// Looks at a body on its way, or changes it. One filter serves one body of one exchange.
class BodyFilter {
 public:
  virtual ~BodyFilter() = default;

  /// Takes a piece and gives what goes on in its place. The slices of the answer stay valid until
  /// the next call. An empty answer that is not the last is allowed: the filter holds back.
  /// Fault::malformed with Side::client refuses a request for its content.
  virtual Result<BodyPiece> filter(const BodyPiece& piece) = 0;

  /// Before the last piece: the trailer section that is to follow it; null where there is none. Gives what
  /// goes on in its place.
  virtual const http::HeaderBlock* filter_trailers(const http::HeaderBlock* trailers) { return trailers; }
};

}  // namespace sluice
