// An exchange with everything that it holds while it is under way; recycled.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/memory_pressure.h"
#include "base/task.h"
#include "codec/server_stream.h"
#include "net/loop.h"
#include "proxy/body_buffer.h"
#include "proxy/call_deadline.h"
#include "proxy/chain.h"
#include "proxy/route.h"
#include "sluice/exchange.h"
#include "upstream/canceller.h"
#include "upstream/lease.h"

namespace sluice::proxy {

class LiveExchange;

/// Notices that the client leaves while nobody reads from it: from 50 ms on, so that quick
/// exchanges pay nothing. Then what is pending towards the upstream is given up.
class HangupWatch final : public Timer, public net::Watcher {
 public:
  explicit HangupWatch(LiveExchange& live) noexcept : live_(live) {}
  void begin() noexcept;
  void end() noexcept;

 private:
  void on_timer() noexcept override;
  void on_activity() noexcept override;

  LiveExchange& live_;
  bool watching_ = false;
};

/// One request of one client on its way. Members in the order in which they come into play.
class LiveExchange {
 public:
  explicit LiveExchange(net::Loop& worker_loop) noexcept
      : loop(worker_loop), call_deadline(*this), upstream_deadline(worker_loop), hangup(*this) {}

  /// Ready for a request of this client.
  void begin(codec::ServerStream& stream) noexcept;
  /// Lets everything go; nothing may be pending.
  void end() noexcept;

  /// Nobody waits for the response any more, for this reason: client_closed or drained. Gives up whatever
  /// waits for an upstream.
  void give_up(http::Reason why) noexcept;
  bool is_wanted() const noexcept { return given_up == http::Reason::none; }

  /// Gives up whatever waits for an upstream; the client may still be told why.
  void abandon_upstream() noexcept;

  /// What is wrong with the request's body after Fault::malformed: the codec says it, or else a filter has.
  http::Refusal body_refusal() const noexcept;

  // The upstream's time runs only for what it owes: to take what is written to it and, once it has the whole
  // request, to respond. While the client is waited for, neither it nor the route's time runs: the client's
  // stream sees to that wait.

  /// Moves the upstream's deadline: `after` from now, but not beyond those of the attempt and the route.
  void allow_upstream(Duration after) noexcept;
  /// Between two pieces of a body or of a tunnel: for what is pending now, by `writing` and `reading`.
  void time_upstream() noexcept;
  /// The rest of the request's body is waited for.
  void time_client() noexcept;
  /// The whole request has been sent, or all of it that can be: from here the response has its time.
  void time_response() noexcept;

  /// The route's time begins now.
  void begin_route_time() noexcept;
  /// That of an attempt, which is within the route's.
  void begin_try_time() noexcept;
  TimePoint head_deadline() const noexcept { return std::min(route_deadline, try_deadline); }
  /// The whole request, or what there is of it, can be sent once more.
  bool replayable() const noexcept { return first.last || keeps_body; }
  bool memory_is_short() const noexcept { return memory && memory->high(); }
  bool route_timed_out() const noexcept;

  net::Loop& loop;
  Exchange exchange;
  codec::ServerStream* client = nullptr;
  upstream::PrivateConnections* private_connections = nullptr;  // of the client's connection
  const SharedMemoryPressure* memory = nullptr;                 // null: without a ceiling
  std::shared_ptr<Route> route;                                 // it may be in force no longer
  std::shared_ptr<Middleware> refusal_page;                     // of the generation that it came in under
  std::string_view path;                                        // as asked for, before any rewrite
  ChainProgress progress;
  CallDeadline call_deadline;  // of a gRPC call

  upstream::Canceller canceller;
  std::optional<upstream::Lease> lease;
  net::Deadline upstream_deadline;  // on the leased connection; cleared before the lease ends
  const upstream::UpstreamConfig* target = nullptr;  // the upstream that is asked
  TimePoint route_deadline = TimePoint::max();  // max() while the request comes in and once the response does
  TimePoint try_deadline = TimePoint::max();    // the same of this attempt
  std::uint64_t max_body = 0;                   // bytes of the request's body; 0: no limit
  bool expects_tunnel = false;                  // the request asks for an upgrade

  BodyPiece first;      // the first piece of the request's body, sent with the head
  BodyBuffer buffered;  // gathered by the route's buffer_request, or kept for another attempt
  bool first_taken = false;
  bool keeps_body = false;  // what was read of the body is in `first` or in `buffered`, to be sent again
  const http::HeaderBlock* request_trailers = nullptr;  // behind the filters, with the last piece
  Child upload;                                         // the request's body, beside the response
  std::optional<Error> upload_error;
  bool writing = false;       // a piece of the request is pending towards the upstream
  bool reading = false;       // a piece of the response's body is awaited
  bool request_sent = false;  // to its end, or as far as it goes
  HangupWatch hangup;
  http::Refusal upstream_refusal;  // what was wrong with the last attempt's response
  bool response_begun = false;     // the final head of the upstream is here
  std::optional<BodyPiece> early;  // of the response's body: what came with its head
  bool tunnel = false;             // both sides have switched protocols
  http::Reason given_up = http::Reason::none;
  http::Reason broken_off = http::Reason::none;  // why the response ended before it was complete
};

}  // namespace sluice::proxy
