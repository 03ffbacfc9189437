#include "proxy/forwarder.h"

#include <algorithm>

#include "http/reason.h"
#include "proxy/message.h"
#include "proxy/upload.h"

namespace sluice::proxy {
namespace {

constexpr unsigned kMaxEndpoints = 3;  // that one exchange tries to reach
constexpr unsigned kMaxInterim = 16;   // 1xx responses in front of a final one

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

}  // namespace

// What goes on from attempt to attempt.
struct Forwarder::Attempt {
  RouteTarget& target;
  upstream::TriedSet tried;
  std::size_t endpoint = 0;  // the one last tried
  bool again = false;        // that one once more, with a fresh connection
  unsigned endpoints = 0;
  http::Refusal failure{};  // of the last attempt
};

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
  Attempt state{.target = target, .tried = {}};
  bool go_on = co_await take_first_piece(live);
  if (go_on) live.hangup.begin();
  if (!go_on) state.failure = upload_refusal(live);
  while (go_on && !live.call_deadline.passed() && choose(live, state)) {
    if (!live.lease) go_on = co_await connect(live, state);
    if (!live.lease) continue;
    auto heads = co_await exchange_heads(live);
    if (heads) {
      live.response_begun = true;
      live.route_deadline = TimePoint::max();
      live.time_upstream();
      exchange.times.upstream_head = exchange.now();
      co_return true;
    }
    go_on = may_try_again(live, state, heads.error());
    co_await stop_upload(live);
    live.lease->discard();
    live.upstream_deadline.clear();
    live.lease.reset();
  }
  if (live.call_deadline.passed() && !failed_by_client(live))
    state.failure = {http::Reason::grpc_timeout, {}};
  if (state.failure.reason == http::Reason::client_closed) live.give_up(http::Reason::client_closed);
  exchange.refuse(state.failure.reason, state.failure.detail);
  co_return false;
}

// The endpoint of the next attempt, and an idle connection to it if there is one. False: none is left.
bool Forwarder::choose(LiveExchange& live, Attempt& state) {
  auto& exchange = live.exchange;
  auto& upstream = *state.target.upstream;
  if (!state.again) {
    upstream::PickContext context{.rng = rng_, .tried = &state.tried};
    auto picked = upstream.pick(context);
    if (!picked) {
      if (!state.failure) state.failure = {http::Reason::no_healthy_endpoint, {}};
      return false;
    }
    state.endpoint = *picked;
    live.lease = upstream.reuse(state.endpoint, live.private_connections);
  }
  state.tried.add(state.endpoint);
  exchange.times.attempts += 1;
  exchange.times.upstream_started = exchange.now();
  exchange.endpoint = upstream.endpoint_name(state.endpoint);
  state.target.metrics->attempts.add();
  if (exchange.times.attempts > 1) state.target.metrics->retries.add();
  return true;
}

// Waits for a connection to the chosen endpoint. Without one: true where another endpoint may be tried.
Task<bool> Forwarder::connect(LiveExchange& live, Attempt& state) {
  bool fresh = std::exchange(state.again, false);
  auto lease = co_await state.target.upstream->connect(state.endpoint, {.fresh = fresh,
                                                                        .deadline = live.route_deadline,
                                                                        .canceller = &live.canceller,
                                                                        .client = live.private_connections});
  if (lease) {
    live.lease.emplace(std::move(*lease));
    co_return true;
  }
  state.target.metrics->attempt_failed(lease.error().fault);
  if (lease.error().fault == Fault::no_descriptors)
    state.target.upstream->report_no_descriptors(live.exchange.now());
  state.failure = {live.is_wanted() ? connect_reason(lease.error()) : live.given_up, {}};
  bool elsewhere = lease.error().side == Side::upstream && ++state.endpoints < kMaxEndpoints;
  co_return elsewhere&& live.is_wanted() && !live.route_timed_out();
}

// After a connection that brought no head. True: an idle one that turned out to be closed, or an upstream
// that says so, before anything can have been acted on.
bool Forwarder::may_try_again(LiveExchange& live, Attempt& state, const Error& error) {
  state.target.metrics->attempt_failed(error.fault);
  auto& stream = live.lease->stream();
  bool untouched = stream.bytes_received() == 0 && !live.upload_error && live.is_wanted();
  bool stale = live.lease->reused() && (error.fault == Fault::closed || error.fault == Fault::reset);
  bool replayable = live.first.last && live.exchange.times.attempts <= kMaxEndpoints;
  bool safe = http::is_idempotent(live.exchange.request.method) || stream.bytes_sent() == 0;
  if (failed_by_client(live)) {
    state.failure = upload_refusal(live);
  } else {
    state.failure = head_refusal(live, error);
  }
  if (!untouched || !replayable || !((stale && safe) || error.retry_safe)) return false;
  // One that refuses the stream is busy; one that lets go of the connection takes another.
  state.again = !error.retry_safe || error.fault == Fault::closed ||
                state.target.upstream->config().endpoints.size() == 1;
  return true;
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
