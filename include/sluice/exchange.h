// One request and its response on their way through the gateway.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/clock.h"
#include "http/grpc.h"
#include "http/reason.h"
#include "sluice/body.h"
#include "sluice/head.h"
#include "sluice/slots.h"

namespace sluice {

/// What a hook says about the request; see Middleware.
enum class Step : std::uint8_t {
  next,   ///< Go on inwards.
  reply,  ///< exchange.response is the answer; nothing further in is asked.
  wait,   ///< Only from on_request: await decide() for the verdict.
};

/// Who asks. Text views live as long as the exchange.
struct ClientInfo {
  std::string_view address;       ///< The effective client: from trusted forwarding fields, else the peer.
  std::string_view peer_address;  ///< Who holds the connection.
  std::string_view peer;          ///< The same with its port, as the access log shows it.
  std::uint16_t peer_port = 0;
  bool trusted_peer = false;  ///< The peer is one of the listener's trusted_proxies.
  bool tls = false;
};

/// What is counted and timed; written by the gateway, read by logs and metrics.
struct ExchangeTimes {
  TimePoint started;                     ///< The head of the request was complete.
  TimePoint upstream_started;            ///< The last attempt began; zero where there was none.
  TimePoint upstream_head;               ///< The final response head of the upstream was complete.
  std::uint64_t request_head_bytes = 0;  ///< On the wire.
  std::uint64_t request_body_bytes = 0;
  std::uint64_t response_body_bytes = 0;
  std::uint64_t response_bytes = 0;  ///< On the wire, heads and framing included.
  unsigned attempts = 0;
};

/// Recycled; belongs to one worker and one request at a time. Middlewares keep no reference to it
/// beyond on_done().
class Exchange {
 public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  RequestHead request;
  ResponseHead response;

  ClientInfo client;
  std::string_view listener;    ///< Name of the listener.
  std::string_view route;       ///< Name of the matched route; empty where none matched.
  std::string_view path_rest;   ///< What `/*` of the route's path matched, without the slash before it.
  std::string_view upstream;    ///< Name of the upstream chosen; empty where none was asked.
  std::string_view endpoint;    ///< Address of the endpoint last tried.
  std::string_view request_id;  ///< X-Request-Id, the client's if it sent a usable one.
  std::string_view trace_id;    ///< From a valid traceparent (W3C Trace Context); else empty.
  std::string_view consumer;    ///< Who calls, once an authentication has said so.
  ExchangeTimes times;

  /// Why the gateway itself answered or gave up; http::Reason::none where it did not.
  http::Reason reason = http::Reason::none;

  /// Whether the request is a gRPC call, and how its client wants the response framed; set by the gateway.
  http::GrpcForm grpc = http::GrpcForm::none;
  /// Of the response to a call, once it is known: from its trailers, its head, or the refusal.
  std::optional<http::GrpcStatus> grpc_status;

  /// The time of this turn of the loop.
  TimePoint now() const noexcept { return *now_; }
  WallTime wall() const noexcept { return *wall_; }

  /// Memory that lives until on_done() is over.
  Arena& arena() noexcept { return arena_; }

  template <class T>
  T& slot(Slot<T> slot) noexcept {
    return *std::launder(reinterpret_cast<T*>(slots_ + slot.offset()));
  }

  /// Refuses: fills the response with problem+json (RFC 9457), or for a gRPC call with 200 and its
  /// grpc-status and grpc-message (Trailers-Only), and Proxy-Status (RFC 9209) for the reason. `detail`
  /// (copied) takes the place of the reason's own sentence. Returns Step::reply.
  Step refuse(http::Reason why, std::string_view detail = {});

  /// Answers with a body that is copied into the arena. Returns Step::reply.
  Step reply(int status, std::string_view content_type, std::string_view body);

  /// The same with a body that stays where it is, as it must until on_done().
  Step reply_in_place(int status, std::string_view content_type, std::string_view body);

  /// Gives the response another body, copied into the arena; status and other fields stay.
  void replace_body(std::string_view content_type, std::string_view body);

  /// Answers with what `source` gives, which must live until on_done(). The length is in
  /// response.body. Returns Step::reply.
  Step reply_from(BodySource& source);

  /// Puts a filter on the body of the response or of the request. It must live until on_done()
  /// (the arena or a slot will do). With `changes_length` the body is sent without Content-Length.
  void filter_response(BodyFilter& filter, bool changes_length);
  void filter_request(BodyFilter& filter, bool changes_length);

  // For the gateway: what a hook leaves behind and how an exchange begins and ends.
  struct Filters {
    std::array<BodyFilter*, 8> items{};
    std::size_t count = 0;
    bool changes_length = false;
  };
  const Filters& response_filters() const noexcept { return response_filters_; }
  const Filters& request_filters() const noexcept { return request_filters_; }
  void drop_response_filters() noexcept { response_filters_ = {}; }
  bool has_reply() const noexcept { return has_reply_; }  ///< refuse() or reply() was called last.
  BodySource* reply_source() const noexcept { return reply_source_; }
  std::string_view reply_body() const noexcept { return reply_body_; }
  void begin(const TimePoint& now, const WallTime& wall) noexcept;  ///< References: the loop's own.
  void make_slots(const SlotLayout& layout);
  void destroy_slots() noexcept;
  void clear() noexcept;  ///< Ready for the next request; keeps grown storage.

 private:
  void reply_with_problem(http::Reason why, std::string_view detail);
  void reply_with_grpc_status(http::Reason why, std::string_view detail);

  Arena arena_;
  const TimePoint* now_ = nullptr;
  const WallTime* wall_ = nullptr;
  std::byte* slots_ = nullptr;
  const SlotLayout* layout_ = nullptr;
  Filters response_filters_;
  Filters request_filters_;
  BodySource* reply_source_ = nullptr;
  std::string_view reply_body_;
  bool has_reply_ = false;
};

}  // namespace sluice
