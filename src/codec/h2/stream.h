// One stream of a connection: the body that comes in and the one that goes out, whichever side we are.
#pragma once

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/task.h"
#include "codec/h2/connection.h"
#include "http/header_block.h"
#include "sluice/body.h"

namespace sluice::codec::h2 {

/// What is read has come before it is asked for, within the stream's window, which opens by what was read;
/// what is written waits for the peer's.
class Stream {
 public:
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Null where nobody serves it, or no longer.
  static Stream* find(nghttp2_session* session, std::int32_t id) noexcept;

  // As nghttp2 reads and writes.
  void take_data(std::string_view data);
  void take_end() noexcept;
  /// The next `size` bytes of the piece that is being written.
  void give(std::string& out, std::size_t size);
  void close() noexcept { closed_ = true; }

  // For whoever times the peer.
  Connection& connection() const noexcept { return *connection_; }
  std::uint64_t received() const noexcept { return received_; }  ///< Bytes of the body.
  std::uint64_t sent() const noexcept { return sent_; }          ///< Bytes that have gone out.
  /// The peer takes more of it, and what is there to be sent waits for the connection.
  bool waits_for_its_turn() const noexcept { return writing_ && window() > 0; }
  /// The peer has more to send than the connection's window lets it.
  bool may_not_be_sent() const noexcept;

 protected:
  struct Provider;  // stream_provider.h

  /// The peer's side is that of all errors.
  explicit Stream(Side peer) noexcept : peer_(peer) {}
  ~Stream() = default;

  void begin(Connection& connection, std::int32_t id, Arena& arena) noexcept;
  /// nghttp2 is to forget it; what is still under way is reset with the code where there is one.
  void leave(std::optional<std::uint32_t> code) noexcept;

  bool failed() const noexcept { return fault_ != Fault::none; }
  Error error() const noexcept { return {.fault = fault_, .side = peer_}; }
  /// Nothing more comes of it: whoever waits is told.
  void fail(Fault why) noexcept;
  void reset(std::uint32_t code) noexcept;
  /// How much the peer takes of it; 0 where that is less than nothing.
  std::int32_t window() const noexcept;
  void wake(std::coroutine_handle<>& waiter) noexcept;

  bool has_incoming() const noexcept { return !incoming_.empty() || ended_ || failed(); }
  /// Empty: nothing has come yet.
  std::optional<Result<BodyPiece>> take() noexcept;
  bool take_trailer(std::string_view name, std::string_view value, std::size_t most);

  /// The piece goes out as the window allows; await_given() is to be awaited where it says false.
  bool offer(const BodyPiece& piece, const http::HeaderBlock* trailers) noexcept;
  Task<Result<void>> await_given();

  virtual void on_failed() noexcept {}

  const Side peer_;
  Connection* connection_ = nullptr;
  std::int32_t id_ = 0;
  Arena* arena_ = nullptr;
  Fault fault_ = Fault::none;
  bool closed_ = false;  // nghttp2 knows it no more

  std::string incoming_;  // not asked for yet
  std::string given_;     // what the last piece points into
  Slice given_slice_;
  http::HeaderBlock trailers_;
  std::uint64_t received_ = 0;  // bytes of the body
  std::coroutine_handle<> reader_;
  bool ended_ = false;  // the whole message is here

  BodyPiece piece_;              // being written
  std::size_t piece_given_ = 0;  // bytes of it that have gone out
  std::size_t slice_ = 0;        // of it, the first that is not gone
  std::size_t slice_at_ = 0;     // bytes gone of that
  const http::HeaderBlock* trailers_out_ = nullptr;
  std::coroutine_handle<> writer_;
  std::uint64_t sent_ = 0;
  bool writing_ = false;
  bool deferred_ = false;  // nghttp2 waits for resume_data
  bool finished_ = false;  // the last piece is out

 private:
  std::size_t offer_to(std::size_t room, std::uint32_t& flags);
};

}  // namespace sluice::codec::h2
