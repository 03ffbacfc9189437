// The body of one HTTP/1.1 message as it comes in, without copying: pieces point into the buffer
// that was read.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "codec/body_sink.h"
#include "codec/h1/chunked.h"
#include "codec/h1/input.h"
#include "http/body_length.h"
#include "sluice/body.h"

namespace sluice::codec::h1 {

/// Reused from message to message. An end of the stream before the end of the body is
/// Fault::closed; broken chunks are Fault::malformed. A piece uses its bytes up at the next read,
/// or at release().
class BodyReader final : public BodySource {
 public:
  /// Begins the body of a message; what comes next on `input` is its first byte.
  void begin(Input& input, Side peer, http::BodyLength framing);

  /// Its trailers are to come without those that Connection nominates in the head of the message.
  void leave_out_nominated(const http::HeaderBlock& head);

  Task<Result<BodyPiece>> read() override;
  void allow_pipes() noexcept override { pipes_allowed_ = true; }
  bool ready() const noexcept override { return complete_ || (input_ && input_->view().size() > held_); }
  const http::HeaderBlock* trailers() const noexcept override;

  bool complete() const noexcept { return complete_; }  ///< The last piece was given out.
  std::size_t held() const noexcept {
    return held_;
  }  ///< Bytes of the input that the last piece points into.
  std::uint64_t bytes() const noexcept { return bytes_; }

  /// Gives up what the last piece points into.
  void release() noexcept;

  /// What was wrong, after Fault::malformed.
  http::Refusal refusal() const noexcept { return decoder_ ? decoder_->refusal() : http::Refusal{}; }

  /// Makes a body of the remainder of the connection (after a 101).
  void become_tunnel() { begin(*input_, peer_, {.kind = http::BodyLength::Kind::tunnel}); }

 private:
  BodyPiece piece_of(std::size_t bytes, bool last) noexcept;
  Result<BodyPiece> decode();
  std::optional<Result<BodyPiece>> take();
  Task<Result<BodyPiece>> read_more();
  BodyPiece piece_in_pipe(net::Chunk chunk) noexcept;
  net::Transport::Into into() const noexcept;
  std::size_t expected() const noexcept;

  Input* input_ = nullptr;
  Side peer_ = Side::client;
  http::BodyLength framing_{};
  std::uint64_t remaining_ = 0;
  std::uint64_t bytes_ = 0;
  std::size_t held_ = 0;  // bytes at the front of input_ that the last piece points into
  bool complete_ = true;
  bool pipes_allowed_ = false;
  net::Chunk piped_;  // the last piece, where it is a pipe
  std::array<Slice, kMaxSlices> slices_;
  std::unique_ptr<ChunkedDecoder> decoder_;  // made with the first chunked body, then reused
};

}  // namespace sluice::codec::h1
