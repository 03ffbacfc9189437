// One HTTP/2 connection (RFC 9113), whichever side of it we are. Frames and HPACK are nghttp2's.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "codec/patience.h"
#include "net/loop.h"
#include "net/transport.h"

struct nghttp2_session;
struct nghttp2_session_callbacks;

namespace sluice::codec::h2 {

class Stream;

/// Suspends until somebody resumes the handle.
struct Waiting {
  std::coroutine_handle<>& waiter;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) noexcept { waiter = handle; }
  void await_resume() const noexcept {}
};

/// Feeds nghttp2 with what comes and sends what it gives. Its callbacks resume nobody and hand nothing out:
/// they note what came, and settle() tells it once nghttp2 has returned.
class Connection {
 public:
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  net::Transport& transport() noexcept { return *transport_; }
  net::Loop& loop() const noexcept { return loop_; }
  nghttp2_session* session() const noexcept { return session_; }

  /// There is something to send.
  void wake_writer() noexcept;

  /// RST_STREAM behind what is on its way of the stream; submitted at once, nghttp2 would drop that.
  void reset_behind(std::int32_t id, std::uint32_t code);

  /// Bytes of DATA that the peer has taken, as far as its kernel has confirmed. May be a system call.
  std::uint64_t data_taken() noexcept;

 protected:
  /// `patience`: with a peer that does not take what is written.
  Connection(net::Loop& loop, std::unique_ptr<net::Transport> transport, Patience::Terms patience);
  virtual ~Connection();

  class Setup;  // setup.h
  /// The user data of a stream, for nghttp2, is its Stream, or null.
  void begin(nghttp2_session* session) noexcept { session_ = session; }

  /// False: nothing more of this peer is read. What is wrong is on its way to it.
  bool feed(std::string_view bytes);

  /// The same before settle(): what nghttp2 is to have of it.
  virtual bool admit(std::string_view bytes) { return parse(bytes); }
  bool parse(std::string_view bytes);
  bool flooded() const noexcept { return flooded_; }
  /// GOAWAY with ENHANCE_YOUR_CALM, for what costs work and asks for none.
  void end_flood() noexcept;

  /// Until last_words(): sends whatever there is to send.
  Task<void> write_all();
  /// What is there now is all that will be sent, and it has little time.
  void last_words() noexcept;

  /// To be called once nghttp2 has taken SETTINGS. A window that they lift beyond 2^31-1 is an error of the
  /// connection (RFC 9113 6.9.2), where nghttp2 takes it for one of the stream.
  void check_windows() noexcept;
  /// How much the peer takes at most of a stream that is under way.
  virtual std::int32_t largest_window() const noexcept = 0;

  /// Hands out what has come while nghttp2 was at work.
  virtual void settle() {}
  /// Nothing more is to come.
  virtual bool over() const noexcept = 0;
  /// A stream that nghttp2 knows no more; the code says why.
  virtual void on_closed(Stream& stream, std::uint32_t code) noexcept = 0;

 private:
  struct Callbacks;
  struct Windows {
    std::int64_t initial = 0;
    std::int64_t largest = 0;
  };

  class WritePatience final : public Patience {
   public:
    WritePatience(net::Loop& loop, const Connection& connection) noexcept
        : Patience(loop), connection_(connection) {}

   private:
    std::uint64_t count_moved() noexcept override;

    const Connection& connection_;
    std::uint64_t delivered_ = 0;  // as counted last
  };

  static void add_callbacks(nghttp2_session_callbacks* callbacks);
  std::uint64_t delivered() const noexcept { return transport_->delivered().value_or(written_); }
  void time_write() noexcept;
  void collect();
  void collect_frames();

  net::Loop& loop_;
  std::unique_ptr<net::Transport> transport_;
  nghttp2_session* session_ = nullptr;
  WritePatience patience_;
  net::Deadline last_deadline_;     // for what is sent and read when all is over
  std::coroutine_handle<> writer_;  // waits for something to write
  std::string out_;                 // to be written next
  std::uint64_t written_ = 0;       // bytes of writes that are over
  std::uint64_t data_given_ = 0;    // bytes of DATA that were to be written so far
  std::uint64_t data_taken_ = 0;    // of them
  std::uint64_t delivered_ = 0;     // as data_taken_ was counted last
  struct Reset {
    std::int32_t id;
    std::uint32_t code;
  };
  std::vector<Reset> resets_;  // behind what nghttp2 has to send
  Windows windows_;            // as the SETTINGS found them that are being read
  bool overflown_ = false;
  bool closing_ = false;
  bool flooded_ = false;
};

}  // namespace sluice::codec::h2
