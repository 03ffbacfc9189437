// The sending side of one HTTP/1.1 message: a held-back head, then pieces in the message's framing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/task.h"
#include "codec/body_sink.h"
#include "codec/h1/chunked.h"
#include "http/body_length.h"
#include "net/transport.h"

namespace sluice::codec::h1 {

/// Head and first piece leave in one gathered write. One write at a time; what completes at once costs
/// no coroutine. A Content-Length is kept to: more or fewer
/// bytes than announced are Fault::malformed, never bytes on the wire that belong elsewhere.
class BodyWriter final : public BodySink {
 public:
  /// Makes the writer ready for a message that is not begun yet.
  void reset(net::Transport& transport, Side peer) noexcept;

  /// Begins a message; the serialised head must live until it is sent.
  void begin(std::string_view head, http::BodyLength framing) noexcept;

  /// What follows is raw, until its last piece, which sends FIN.
  void become_tunnel() noexcept { begin({}, {.kind = http::BodyLength::Kind::tunnel}); }

  Task<Result<void>> write(const BodyPiece& piece, const http::HeaderBlock* trailers) override;

  bool takes_pipes() const noexcept override;

  /// Sends a head that waits for its first piece.
  Task<Result<void>> flush();

  /// Sends bytes as they are, before begin() (an interim response).
  Task<Result<void>> write_raw(std::string_view bytes);

  bool started() const noexcept { return bytes_ != 0; }  ///< Some byte may have left.
  bool finished() const noexcept { return finished_; }
  std::uint64_t sent() const noexcept { return bytes_; }   ///< Bytes on the wire since begin().
  std::uint64_t taken() const noexcept { return taken_; }  ///< Of sent(): those of writes that are over.

 private:
  struct Gather {
    std::array<Slice, kMaxSlices + 4> slices;
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    void clear() noexcept { count = 0, bytes = 0; }
    void add(Slice slice) noexcept {
      if (slice.empty()) return;
      slices[count++] = slice;
      bytes += slice.size();
    }
  };
  Result<void> gather(const BodyPiece& piece, const http::HeaderBlock* trailers);
  Task<Result<void>> send(bool last, net::Pipe* pipe = nullptr);
  Task<Result<void>> await_send(bool last);
  Result<void> sent(Result<void> result, bool last) noexcept;

  net::Transport* transport_ = nullptr;
  Side peer_ = Side::client;
  bool finished_ = true;
  std::string_view head_;
  http::BodyLength framing_{};
  std::uint64_t remaining_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t taken_ = 0;
  std::optional<ChunkSizeLine> size_line_;
  std::string trailer_section_;
  Gather out_;  // what is being written
  net::WriteOp writing_;
};

}  // namespace sluice::codec::h1
