// HTTP/2 with a client (RFC 9113): one connection, its requests beside one another.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "codec/h2/connection.h"
#include "codec/h2/frame_allowance.h"
#include "codec/h2/frame_cutter.h"
#include "codec/h2/stream.h"
#include "codec/h2/stream_patience.h"
#include "codec/server_stream.h"
#include "http/reason.h"
#include "net/loop.h"

namespace sluice::codec::h2 {

struct ServerLimits {
  std::uint32_t path_bytes = 8 * 1024;  ///< 414 beyond.
  std::uint32_t head_bytes =
      32 * 1024;                ///< Names and values of a head, as RFC 9113 6.5.2 counts them: 431 beyond.
  std::uint32_t fields = 100;   ///< 431 beyond.
  std::uint32_t streams = 100;  ///< At a time.
  std::uint32_t stream_window = 64 * 1024;             ///< Bytes of a body that may be here unread.
  std::uint32_t connection_window = 1 << 20;           ///< The same over all streams.
  Duration idle_timeout = std::chrono::seconds(60);    ///< Without a stream.
  Duration header_timeout = std::chrono::seconds(10);  ///< For the preface, and for a head that has begun.
  Duration body_timeout = std::chrono::seconds(30);  ///< That a body may be waited for beyond the least rate.
  double body_min_rate = 500;  ///< Bytes a second, either way; 0: one byte in body_timeout will do.
  Duration tunnel_timeout = std::chrono::hours(1);  ///< Without a byte in or out of one.
};

class ServerConnection;

/// One request and its response: a stream; recycled. An extended CONNECT (RFC 8441) is the upgrade that it
/// would be in HTTP/1.1: a GET with Upgrade, answered by 101.
class ServerStream : public codec::ServerStream, private Stream, private net::Breakable {
 public:
  explicit ServerStream(net::Loop& loop) noexcept : Stream(Side::client), patience_(loop, *this) {}
  /// Bytes of the request's head, as RFC 9113 6.5.2 counts them.
  std::uint32_t head_size() const noexcept { return head_bytes_; }

  /// The client loses its time where it has let a body wait for longer than this and is slower than it may
  /// be.
  bool hurry(Duration allowance) noexcept { return patience_.shorten(allowance); }

  /// As the client names it: "http" or "https" in any case, empty of CONNECT.
  std::string_view scheme() const noexcept { return scheme_; }

  /// Begins with a request whose head is to come. Head and arena outlive the exchange.
  void begin(ServerConnection& connection, std::int32_t id, RequestHead& request, Arena& arena) noexcept;

  /// After a response to a request that is still coming in: drops what comes, for a while. Some clients take
  /// a reset amid their upload for a failure, even when they have their whole response.
  Task<void> linger();

  /// Lets go of the connection; a response that is not finished is broken off.
  void end() noexcept;

  Task<Result<BodyPiece>> read() override;
  bool ready() const noexcept override { return awaits_switch() || has_incoming(); }
  const http::HeaderBlock* trailers() const noexcept override { return &trailers_; }

  Task<Result<void>> write_interim(const ResponseHead& head) override;
  void start(const ResponseHead& head) override {
    response_ = &head;
    tunnel_ = !protocol_.empty() && head.status == 101;
  }
  Task<Result<void>> flush() override;
  Task<Result<void>> write(const BodyPiece& piece, const http::HeaderBlock* trailers) override;

  bool started() const noexcept override { return head_sent_; }
  bool finished() const noexcept override { return finished_; }
  bool request_complete() const noexcept override { return awaits_switch() || (ended_ && incoming_.empty()); }
  bool success_is_switch() const noexcept override { return awaits_switch(); }
  bool awaits_continue() const noexcept override { return awaits_continue_ && received_ == 0 && !ended_; }
  Duration tunnel_timeout() const noexcept override;
  http::Refusal refusal() const noexcept override { return body_refusal_; }
  void close_after() noexcept override {}  // other streams go on, and so may later ones
  std::uint64_t bytes_written() const noexcept override { return sent_; }
  const net::TlsFacts* tls() const noexcept override;
  void watch(net::Watcher* watcher) noexcept override { watcher_ = watcher; }
  bool gone() const noexcept override { return failed(); }
  void cancel_read() noexcept override;
  void abort(Fault why) noexcept override;

 private:
  friend class ServerConnection;

  ServerConnection& connection() const noexcept;
  // What the client sends belongs to the tunnel, which is not there yet.
  bool awaits_switch() const noexcept { return !protocol_.empty() && !tunnel_; }
  void on_failed() noexcept override;
  void abort(Fault why, bool reset) noexcept override;
  void time_client() noexcept;
  std::optional<Result<BodyPiece>> take_piece() noexcept;
  Task<Result<BodyPiece>> next_piece();
  Task<Result<BodyPiece>> await_piece();
  Task<Result<void>> await_sent();
  void submit(const ResponseHead& head, bool interim);
  bool never_has_body() const noexcept;

  // As the request comes in. False: no more of it is looked at.
  bool take_field(std::string_view name, std::string_view value);
  bool speaks_http() const noexcept;
  void take_request_trailer(std::string_view name, std::string_view value);
  http::Refusal take_head();
  void become_upgrade();

  RequestHead* request_ = nullptr;
  TimePoint begun_{};
  StreamPatience patience_;
  net::Watcher* watcher_ = nullptr;

  std::string_view method_, scheme_, path_, authority_;
  std::string_view protocol_;  // of an extended CONNECT
  std::string cookies_;
  std::uint32_t head_bytes_ = 0;
  std::uint32_t trailer_bytes_ = 0;
  http::Refusal head_refusal_;
  bool head_complete_ = false;
  bool has_body_ = false;
  http::Refusal body_refusal_;
  bool read_cancelled_ = false;
  bool reading_ = false;  // waits for the client's next byte
  bool awaits_continue_ = false;

  const ResponseHead* response_ = nullptr;
  bool tunnel_ = false;
  bool head_sent_ = false;
  bool bodiless_ = false;
};

/// Who serves the requests of a connection.
class StreamHandler {
 public:
  /// A request begins: the stream for it, which has had its begin(); null where no more are taken.
  virtual ServerStream* on_stream(std::int32_t id) = 0;

  /// Its head is whole, or refused. From now on the stream is the handler's until it calls end().
  virtual void on_request(ServerStream& stream, const http::Refusal& refusal) = 0;

  /// It ended before its head was whole.
  virtual void on_dropped(ServerStream& stream) noexcept = 0;

 protected:
  ~StreamHandler() = default;
};

class ServerConnection final : public Connection {
 public:
  ServerConnection(net::Loop& loop, std::unique_ptr<net::Transport> transport, const ServerLimits& limits,
                   StreamHandler& handler);

  enum class End : std::uint8_t {
    closed,     ///< The client closed it.
    idle,       ///< No stream in time.
    late,       ///< A head did not arrive in time.
    malformed,  ///< The client broke the protocol.
    flooded,    ///< The client sent more than it had a use for.
    slow,       ///< The client did not take what was sent to it.
    broken,     ///< The connection failed.
    stopped,    ///< After stop().
  };

  /// `first`: bytes of the connection that were read already. Returns when the connection is over; streams
  /// that the handler has still to end() have failed by then.
  Task<End> run(std::string first);

  /// A first GOAWAY: the client is to open no more streams; those that it does are served.
  void announce_stop() noexcept;

  /// GOAWAY: streams that have begun are finished, later ones are not served.
  void stop() noexcept;
  void abort() noexcept { transport().abort(Fault::cancelled); }

  /// No stream has been under way since then.
  bool rests_since(TimePoint when) const noexcept { return live_.empty() && idle_since_ <= when; }

  const ServerLimits& limits() const noexcept { return limits_; }

 private:
  friend class ServerStream;
  struct Callbacks;

  void greet();
  bool admit(std::string_view bytes) override;
  bool admits(const FrameHead& head) noexcept;
  std::uint32_t fault_of_stream(const FrameHead& head) noexcept;
  void settle() override;
  bool over() const noexcept override;
  std::int32_t largest_window() const noexcept override;
  void on_closed(Stream& stream, std::uint32_t code) noexcept override;
  End end_after(Fault fault) noexcept;
  bool may_be_sending(End end) const noexcept;
  void give_up_streams(End end);
  void drop(ServerStream& stream) noexcept;
  void note_reset() noexcept;
  void note_own_reset(std::int32_t id);
  void forget(ServerStream& stream) noexcept;
  void time_reader() noexcept;

  const ServerLimits& limits_;
  StreamHandler& handler_;
  net::Deadline read_deadline_;
  TimePoint idle_since_;
  std::vector<ServerStream*> live_;    // begun and not ended
  std::vector<ServerStream*> ready_;   // their heads are whole: to be handed out
  std::vector<ServerStream*> failed_;  // to be told
  bool stopped_ = false;
  bool accused_ = false;        // of an error, by a GOAWAY
  bool client_leaves_ = false;  // as its GOAWAY says
  FrameCutter frames_;
  FrameAllowance allowance_;
  std::int32_t newest_ = -1;              // the highest stream of a client's HEADERS
  std::int32_t processed_ = 0;            // the highest whose head was whole
  bool left_streams_out_ = false;         // between two that it opened
  std::vector<std::int32_t> own_resets_;  // the latest; a ring once it is full
  std::size_t oldest_reset_ = 0;
  std::uint64_t resets_ = 0;    // that the client did or provoked, before its response was complete
  std::uint64_t finished_ = 0;  // streams that came to their end
};

}  // namespace sluice::codec::h2
