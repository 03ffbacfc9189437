#include "proxy/forwarder.h"

#include <utility>

#include "http/reason.h"
#include "proxy/attempts.h"
#include "proxy/message.h"
#include "proxy/upload.h"

namespace sluice::proxy {
namespace {

constexpr unsigned kMaxInterim = 16;  // 1xx responses in front of a final one

http::Reason connect_reason(const Error& error) {
  if (error.side == Side::us) {
    switch (error.fault) {
      case Fault::too_large:
        return http::Reason::upstream_pending_full;
      case Fault::timed_out:
        return http::Reason::pending_timeout;
      case Fault::no_descriptors:
        return http::Reason::no_descriptors;
      default:
        return http::Reason::internal;
    }
  }
  switch (error.fault) {
    case Fault::refused:
      return http::Reason::upstream_connect_refused;
    case Fault::timed_out:
      return http::Reason::upstream_connect_timeout;
    case Fault::unresolved:
      return http::Reason::upstream_unresolved;
    case Fault::tls:
      return http::Reason::upstream_tls_failed;
    case Fault::certificate:
      return http::Reason::upstream_certificate_invalid;
    case Fault::no_protocol:
      return http::Reason::upstream_no_h2;
    case Fault::removed:
      return http::Reason::no_healthy_endpoint;
    default:
      return http::Reason::upstream_connect_failed;
  }
}

http::Refusal head_refusal(const LiveExchange& live, const Error& error) {
  if (error.fault == Fault::timed_out || live.upstream_deadline.passed()) {
    if (live.route_timed_out()) return {http::Reason::route_timeout, {}};
    return {live.writing ? http::Reason::upstream_idle_timeout : http::Reason::upstream_timeout, {}};
  }
  if (live.upstream_refusal) return live.upstream_refusal;
  // In TLS 1.3 a client's handshake is over before its certificate was looked at.
  const bool shaking_hands = !live.lease->reused() && live.lease->stream().bytes_received() == 0;
  if (error.fault == Fault::tls && shaking_hands) return {http::Reason::upstream_tls_failed, {}};
  return {error.fault == Fault::reset ? http::Reason::upstream_reset : http::Reason::upstream_closed_early,
          {}};
}

http::Refusal upload_refusal(const LiveExchange& live) {
  if (!live.is_wanted()) return {live.given_up, {}};
  switch (live.upload_error->fault) {
    case Fault::too_large:
      return {http::Reason::body_too_large, {}};
    case Fault::malformed:
      return live.body_refusal();
    case Fault::timed_out:
      return {http::Reason::body_too_slow, {}};
    case Fault::closed:
      return {http::Reason::truncated_body, {}};
    default:
      return {http::Reason::client_closed, {}};
  }
}

Error broke_protocol(LiveExchange& live, http::Reason how) {
  live.upstream_refusal = {how, {}};
  return {.fault = Fault::malformed, .side = Side::upstream};
}

bool failed_by_client(const LiveExchange& live) {
  return !live.is_wanted() || (live.upload_error && live.upload_error->side == Side::client);
}

// What has come of the body together with the head: what is broken there can still be refused.
Result<void> take_early_piece(LiveExchange& live) {
  auto& body = live.lease->stream().body();
  if (!body.ready()) return {};
  auto reading = body.read();
  if (!reading.is_done()) return {};
  auto piece = std::move(reading).take();
  if (!piece) return piece.error();
  live.early = *piece;
  return {};
}

// Whether what goes out of the body is to be kept for another attempt.
bool keeps_body(const LiveExchange& live) {
  const auto& retry = live.route->settings.retry;
  if (!retry || live.first.last || !retry->repeats(live.exchange)) return false;
  const auto& body = live.exchange.request.body;
  return body.kind != http::BodyLength::Kind::length || body.length <= retry->keep_body.count;
}

// After an attempt that brought no head. True: there may be another.
bool go_on_without(LiveExchange& live, Attempts& attempts, const Error& error) {
  attempts.failure = failed_by_client(live) ? upload_refusal(live) : head_refusal(live, error);
  const bool again = attempts.again_after_loss(error);
  return again && !failed_by_client(live);
}

// The final head of the upstream is here, and passes on.
void begin_response(LiveExchange& live) {
  live.response_begun = true;
  live.route_deadline = live.try_deadline = TimePoint::max();
  live.keeps_body = false;
  live.buffered.release();
  live.time_upstream();
  live.exchange.times.upstream_head = live.exchange.now();
}

// Ends an attempt. True: another can be made.
Task<bool> let_go(LiveExchange& live, bool again) {
  if (again) {
    again = co_await pause_upload(live);
    // Who was told to go on, or goes on by itself, waits for no other word.
    if (!live.client->awaits_continue()) live.exchange.request.fields.remove(http::FieldName::expect);
  } else {
    co_await stop_upload(live);
  }
  live.upstream_deadline.clear();
  live.early.reset();
  live.lease.reset();
  live.exchange.response.clear();
  if (!live.is_wanted()) again = false;
  co_return again;
}

}  // namespace

Task<bool> Forwarder::forward(LiveExchange& live) {
  auto& exchange = live.exchange;
  auto& target = live.route->choose();
  live.target = &target.upstream->config();
  live.route_deadline = exchange.times.started + live.route->settings.timeout;
  exchange.upstream = target.upstream->name();
  if (auto refusal = prepare_request(live, via_)) {
    exchange.refuse(refusal.reason, refusal.detail);
    co_return false;
  }
  Attempts attempts(live, target, rng_);
  bool go_on = co_await take_first_piece(live);
  if (go_on) live.hangup.begin();
  if (!go_on) attempts.failure = upload_refusal(live);
  live.keeps_body = keeps_body(live);
  while (go_on && !live.call_deadline.passed() && attempts.begin()) {
    if (!live.lease) go_on = co_await connect(live, attempts);
    if (!live.lease) continue;
    auto heads = co_await exchange_heads(live);
    go_on = heads ? attempts.again_after_response() : go_on_without(live, attempts, heads.error());
    if (heads && !go_on) {
      begin_response(live);
      co_return true;
    }
    if (!heads) live.lease->discard();
    const bool ready = co_await let_go(live, go_on);
    if (go_on && !ready) attempts.failure = upload_refusal(live);
    go_on = ready;
  }
  if (live.call_deadline.passed() && !failed_by_client(live))
    attempts.failure = {http::Reason::grpc_timeout, {}};
  if (attempts.failure.reason == http::Reason::client_closed) live.give_up(http::Reason::client_closed);
  exchange.refuse(attempts.failure.reason, attempts.failure.detail);
  co_return false;
}

// Waits for a connection to the chosen endpoint. Without one: true where another attempt may be made.
Task<bool> Forwarder::connect(LiveExchange& live, Attempts& attempts) {
  auto& upstream = *attempts.target().upstream;
  auto lease = co_await upstream.connect(attempts.endpoint(), {.fresh = attempts.fresh(),
                                                               .deadline = live.head_deadline(),
                                                               .canceller = &live.canceller,
                                                               .client = live.private_connections});
  if (lease) {
    live.lease.emplace(std::move(*lease));
    co_return true;
  }
  if (lease.error().fault == Fault::no_descriptors) upstream.report_no_descriptors(live.exchange.now());
  attempts.failure = {live.is_wanted() ? connect_reason(lease.error()) : live.given_up, {}};
  co_return attempts.again_after_connect(lease.error());
}

// Sends the request and reads up to the final response head.
Task<Result<void>> Forwarder::exchange_heads(LiveExchange& live) {
  auto& exchange = live.exchange;
  auto& stream = live.lease->stream();
  prepare_for_endpoint(live);
  live.upstream_refusal = {};
  live.request_sent = live.first.last;
  live.writing = !live.first.last;
  if (live.request_sent) {
    live.allow_upstream(live.target->timeouts.first_byte);
  } else {
    live.time_client();
  }
  auto sent = co_await stream.send(exchange.request, live.first, live.request_trailers, exchange.arena());
  // An upstream may answer and close before it has taken the request: its answer counts.
  if (!sent && sent.error().fault != Fault::reset) co_return sent;
  live.writing = false;
  if (!sent) live.time_response();
  if (sent && !live.first.last) live.upload.start(upload(live));
  for (unsigned interim = 0;; ++interim) {
    auto head = co_await stream.read_head(exchange.response, exchange.arena());
    if (!head) {
      live.upstream_refusal = stream.refusal();
      // An alert tells more than that the connection is gone.
      co_return sent || head.error().fault == Fault::tls ? head : sent;
    }
    auto status = exchange.response.status;
    if (status == 101 && !is_wanted_switch(live))
      co_return broke_protocol(live, http::Reason::upstream_unexpected_upgrade);
    if (status == 101 && !proves_switch(live))
      co_return broke_protocol(live, http::Reason::upstream_malformed);
    if (status >= 200 || status == 101) {
      auto taken = take_early_piece(live);
      if (!taken) live.upstream_refusal = stream.refusal();
      co_return taken;
    }
    if (interim == kMaxInterim) co_return broke_protocol(live, http::Reason::upstream_too_many_interim);
    if (exchange.request.version == http::Version::http_1_0) continue;
    prepare_interim(exchange.response);
    if (auto passed = co_await live.client->write_interim(exchange.response); !passed) {
      live.give_up(http::Reason::client_closed);
      co_return passed;
    }
    if (!live.request_sent) live.time_client();
  }
}

}  // namespace sluice::proxy
