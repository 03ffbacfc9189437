// HTTP/2 with an upstream (RFC 9113): one connection, its exchanges beside one another.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/timer_wheel.h"
#include "codec/client_stream.h"
#include "codec/h2/connection.h"
#include "codec/h2/stream.h"
#include "http/reason.h"
#include "net/loop.h"

namespace sluice::codec::h2 {

struct ClientLimits {
  std::uint32_t streams = 100;               ///< At a time; the peer may allow fewer.
  std::uint32_t first_streams = 1;           ///< Of them, until the peer's SETTINGS are in.
  std::uint32_t stream_window = 128 * 1024;  ///< Bytes of a response's body that may be here unread.
  std::uint32_t head_bytes = 64 * 1024;      ///< Of a response's head, as RFC 9113 6.5.2 counts them.
  std::uint32_t fields = 200;
  Duration idle_timeout = std::chrono::seconds(60);     ///< Without a stream.
  Duration ping_interval = std::chrono::seconds(30);    ///< Of silence amid streams, before a PING.
  Duration ping_timeout = std::chrono::seconds(10);     ///< For anything to come after it.
  Duration write_timeout = std::chrono::seconds(60);    ///< For what is written to be taken.
  Duration settings_timeout = std::chrono::seconds(1);  ///< For the peer's SETTINGS; then it has none.
};

class ClientConnection;

/// One exchange; recycled. An upgrade to WebSocket goes out as an extended CONNECT (RFC 8441) where the peer
/// takes those, and its 2xx comes back as the 101 that it would be in HTTP/1.1.
class ClientStream final : public codec::ClientStream,
                           private Stream,
                           private BodySource,
                           private net::Breakable {
 public:
  ClientStream() noexcept : Stream(Side::upstream) {}

  /// Lets go of the connection; an exchange that is not over is broken off.
  void end() noexcept;

  net::Breakable& link() noexcept override { return *this; }
  Task<Result<void>> send(const RequestHead& head, const BodyPiece& first, const http::HeaderBlock* trailers,
                          Arena& scratch) override;
  Task<Result<void>> write(const BodyPiece& piece, const http::HeaderBlock* trailers) override;
  Task<Result<void>> read_head(ResponseHead& head, Arena& scratch) override;
  http::Refusal refusal() const noexcept override { return refusal_; }
  BodySource& body() noexcept override { return *this; }
  std::uint64_t bytes_sent() const noexcept override { return sent_; }
  std::uint64_t bytes_received() const noexcept override { return head_bytes_ + received_; }

 private:
  friend class ClientConnection;

  struct Interim {
    int status;
    http::HeaderBlock fields;
  };

  ClientConnection& connection() const noexcept;
  void open(ClientConnection& connection) noexcept;
  Error failure() const noexcept;

  Task<Result<BodyPiece>> read() override;
  bool ready() const noexcept override { return has_incoming(); }
  const http::HeaderBlock* trailers() const noexcept override { return &trailers_; }
  Task<Result<BodyPiece>> await_piece();

  void cancel_read() noexcept override {}
  void abort(Fault why, bool reset) noexcept override;

  void submit(const RequestHead& head, bool bodiless);
  Task<Result<void>> send_upgrade(const RequestHead& head, const BodyPiece& first, Arena& scratch);
  Task<Result<void>> send_now(const RequestHead& head, const BodyPiece& first,
                              const http::HeaderBlock* trailers, Arena& scratch);
  bool take_head(ResponseHead& head);
  void become_switch(ResponseHead& head) const;
  Task<Result<void>> await_head(ResponseHead& head);

  // As the response comes in. False: it is malformed.
  bool take_field(std::string_view name, std::string_view value);
  void take_section(bool last);
  void refuse(http::Reason why) noexcept;
  void close_with(std::uint32_t code) noexcept;

  http::Method method_ = http::Method::get;
  std::string accept_;  // Sec-WebSocket-Accept; not empty: an extended CONNECT
  int status_ = 0;
  http::HeaderBlock fields_;
  std::uint32_t head_bytes_ = 0;
  std::uint32_t trailer_bytes_ = 0;
  bool head_complete_ = false;  // the final one
  bool unprocessed_ = false;
  std::deque<std::unique_ptr<Interim>> interim_;  // not asked for yet
  http::Refusal refusal_;
};

class ClientConnection final : public Connection, private Timer {
 public:
  /// Told when there may be room for more streams, or none any more.
  class Owner {
   public:
    virtual void on_room() noexcept = 0;
    /// The peer's SETTINGS: so many streams at a time. on_room() follows.
    virtual void on_limit(std::uint32_t) noexcept {}

   protected:
    ~Owner() = default;
  };

  ClientConnection(net::Loop& loop, std::unique_ptr<net::Transport> transport, const ClientLimits& limits,
                   Owner& owner);
  ~ClientConnection() override;

  /// Returns when the connection is over and every stream has ended.
  Task<void> run();

  /// It is neither over nor about to be, as far as is known.
  bool accepts() const noexcept;
  /// And there may be more room once the peer has said how much.
  bool awaits_settings() const noexcept { return accepts() && armed(); }
  /// How many more streams may be opened now.
  std::uint32_t room() const noexcept;
  /// Where there is room.
  ClientStream& open();

  /// Opens no more streams and ends with the last that is under way.
  void retire() noexcept;

  std::uint32_t streams() const noexcept { return static_cast<std::uint32_t>(live_.size()); }
  /// Streams opened so far.
  std::uint64_t requests() const noexcept { return requests_; }
  const ClientLimits& limits() const noexcept { return limits_; }

  /// What the peer wants is known.
  bool has_settings() const noexcept { return has_settings_; }
  /// It takes extended CONNECT.
  bool takes_tunnels() const noexcept;

 private:
  friend class ClientStream;
  struct Callbacks;

  void greet();
  bool over() const noexcept override;
  std::uint32_t allowed() const noexcept;
  std::int32_t largest_window() const noexcept override;
  void on_closed(Stream& stream, std::uint32_t code) noexcept override;
  void forget(ClientStream& stream) noexcept;
  void time_reader() noexcept;
  void take_settings() noexcept;
  void on_timer() noexcept override;  // the peer keeps its SETTINGS to itself
  bool goes_on_after_silence() noexcept;

  const ClientLimits limits_;
  Owner& owner_;
  net::Deadline read_deadline_;
  TimePoint idle_since_;
  std::vector<ClientStream*> live_;
  std::vector<std::unique_ptr<ClientStream>> free_;
  std::coroutine_handle<> emptied_;  // waits for the last stream to end
  std::uint64_t requests_ = 0;
  bool has_settings_ = false;
  bool pinged_ = false;
  bool retired_ = false;
  bool ended_ = false;
};

}  // namespace sluice::codec::h2
