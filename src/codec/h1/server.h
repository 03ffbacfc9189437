// HTTP/1.1 with a client: one connection, its requests one after another.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "codec/h1/body_reader.h"
#include "codec/h1/body_writer.h"
#include "codec/h1/client_patience.h"
#include "codec/h1/head_parser.h"
#include "codec/h1/input.h"
#include "codec/server_stream.h"
#include "http/reason.h"
#include "net/loop.h"

namespace sluice::codec::h1 {

struct ServerLimits {
  HeadLimits head;
  Duration header_timeout = std::chrono::seconds(10);  ///< From the first byte of a head to its last.
  Duration idle_timeout = std::chrono::seconds(60);    ///< From one exchange to the next head's first byte.
  Duration body_timeout = std::chrono::seconds(30);  ///< That a body may be waited for beyond the least rate.
  double body_min_rate = 500;  ///< Bytes a second, either way; 0: one byte in body_timeout will do.
  Duration tunnel_timeout =
      std::chrono::hours(1);  ///< Without a byte in or out once the connection was upgraded.
};

/// Small while it waits: an idle connection holds no buffer and no exchange.
class ServerConnection {
 public:
  /// `limits` outlives the connection.
  ServerConnection(net::Loop& loop, std::unique_ptr<net::Transport> transport, const ServerLimits& limits);

  enum class Wait : std::uint8_t {
    head,       ///< A head is there to be parsed: whole, broken, or cut off by the client's FIN.
    end,        ///< The client closed between requests, or the idle timeout passed.
    timed_out,  ///< The head did not arrive in time: 408.
    broken,     ///< The connection failed, in the middle of a head or before it.
  };

  /// Waits for the next head.
  Task<Wait> wait_for_head();

  /// Parses what wait_for_head() found into the request; its texts are copied into the arena.
  http::Refusal parse_head(RequestHead& head, Arena& arena);

  /// Of the head that was parsed last.
  std::size_t head_size() const noexcept { return head_size_; }
  bool keep_alive() const noexcept { return keep_alive_; }  ///< The client allows another request.

  /// The head that was found is the first part of HTTP/2's preface (RFC 9113 3.4).
  bool speaks_h2() const noexcept { return head_bytes().starts_with(kPreface); }

  /// Hands the connection over to another protocol: first what was read of it. Nothing else may be called
  /// then.
  std::string take_bytes();
  std::unique_ptr<net::Transport> take_transport() noexcept;

  /// No further head is waited for once this is set; an idle connection ends at once (drain).
  void stop() noexcept;

  net::Transport& transport() noexcept { return *transport_; }
  const net::Transport& transport() const noexcept { return *transport_; }
  net::Loop& loop() noexcept { return loop_; }
  net::Deadline& deadline() noexcept { return deadline_; }
  Input& input() noexcept { return input_; }
  const ServerLimits& limits() const noexcept { return limits_; }

 private:
  static constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\n";

  std::string_view head_bytes() const noexcept { return partial_.empty() ? input_.view() : partial_; }
  bool take_head();
  bool is_broken(std::string_view unfinished);
  bool head_is_cut() const noexcept;

  net::Loop& loop_;
  std::unique_ptr<net::Transport> transport_;
  const ServerLimits& limits_;
  Input input_;
  net::Deadline deadline_;
  SectionScan scan_{true};
  UnfinishedHead unfinished_;
  std::string partial_;  // a head that came in pieces; empty when it lies whole in input_
  std::uint32_t head_size_ = 0;
  bool keep_alive_ = false;
  bool waiting_ = false;  // for the first byte of a head
  bool stopped_ = false;
};

/// One request and its response on a ServerConnection; recycled from request to request.
class ServerStream final : public codec::ServerStream {
 public:
  explicit ServerStream(net::Loop& loop) noexcept : patience_(loop, reader_, writer_) {}

  /// Begins with a parsed request. The connection, the head and the arena outlive the exchange.
  void begin(ServerConnection& connection, const RequestHead& request, Arena& arena) noexcept;

  /// Lets go of the connection's bytes; true when another request may follow on it.
  bool end() noexcept;

  Task<Result<BodyPiece>> read() override;
  void allow_pipes() noexcept override { reader_.allow_pipes(); }
  bool ready() const noexcept override { return reader_.ready(); }
  const http::HeaderBlock* trailers() const noexcept override { return reader_.trailers(); }

  Task<Result<void>> write_interim(const ResponseHead& head) override;
  void start(const ResponseHead& head) override;
  Task<Result<void>> flush() override;
  Task<Result<void>> write(const BodyPiece& piece, const http::HeaderBlock* trailers) override;
  bool takes_pipes() const noexcept override { return writer_.takes_pipes(); }

  bool started() const noexcept override { return writer_.started(); }
  bool finished() const noexcept override { return head_taken_ && writer_.finished(); }
  bool request_complete() const noexcept override { return reader_.complete(); }
  bool awaits_continue() const noexcept override { return awaits_continue_ && reader_.bytes() == 0; }
  Duration tunnel_timeout() const noexcept override { return connection_->limits().tunnel_timeout; }
  http::Refusal refusal() const noexcept override { return reader_.refusal(); }
  void close_after() noexcept override { keep_alive_ = false; }
  /// close_after(), unless it is too late to say so to the client.
  void announce_close() noexcept { keep_alive_ = keep_alive_ && head_taken_; }
  std::uint64_t bytes_written() const noexcept override { return interim_bytes_ + writer_.sent(); }
  const net::TlsFacts* tls() const noexcept override { return connection_->transport().tls(); }
  void watch(net::Watcher* watcher) noexcept override { connection_->transport().watch(watcher); }
  bool gone() const noexcept override { return connection_->transport().peer_gone(); }
  void cancel_read() noexcept override { connection_->transport().cancel_read(); }
  /// The client loses its time where it has let a body wait for longer than this and is slower than it may
  /// be.
  bool hurry(Duration allowance) noexcept { return patience_.shorten(allowance); }
  /// The client has let a body wait for longer than it may.
  bool client_was_late() const noexcept { return client_was_late_ && !tunnel_; }
  void abort(Fault why) noexcept override;

 private:
  http::BodyLength framing_for(const ResponseHead& head) noexcept;
  void time_client() noexcept;
  Result<void> end_wait(bool& waits, Result<void> result) noexcept;
  Task<Result<void>> in_time(Task<Result<void>> writing);
  Task<Result<void>> await_write(Task<Result<void>> writing);
  Task<Result<BodyPiece>> await_read(Task<Result<BodyPiece>> reading);

  ServerConnection* connection_ = nullptr;
  const RequestHead* request_ = nullptr;
  Arena* arena_ = nullptr;
  BodyReader reader_;
  BodyWriter writer_;
  ClientPatience patience_;
  std::uint64_t interim_bytes_ = 0;
  bool reading_ = false;  // waits for the client's next byte
  bool writing_ = false;  // waits for the client to take what was written
  bool awaits_continue_ = false;
  bool keep_alive_ = false;
  bool head_taken_ = false;
  bool head_only_ = false;  // HEAD: the response has no body whatever it says
  bool tunnel_ = false;
  bool client_was_late_ = false;
};

}  // namespace sluice::codec::h1
