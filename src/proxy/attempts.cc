#include "proxy/attempts.h"

#include <utility>

namespace sluice::proxy {
namespace {

using Kind = RetryCause::Kind;

constexpr unsigned kMaxUnasked = 3;  // attempts, or endpoints to be reached, without leave of the route

}  // namespace

bool Attempts::begin() {
  auto& exchange = live_.exchange;
  auto& upstream = *target_.upstream;
  fresh_ = std::exchange(same_, false);
  if (!fresh_) {
    const auto picked = pick();
    if (!picked) {
      if (!failure) failure = {http::Reason::no_healthy_endpoint, {}};
      return false;
    }
    endpoint_ = *picked;
    exchange.endpoint = exchange.arena().copy(upstream.endpoint_name(endpoint_));
    live_.lease = upstream.reuse(endpoint_, live_.private_connections);
  }
  tried_.add(endpoint_);
  exchange.times.attempts += 1;
  exchange.times.upstream_started = exchange.now();
  target_.metrics->attempts.add();
  if (cause_) {
    target_.metrics->retry(*cause_);
  } else {
    upstream.retry_budget().on_request();
  }
  live_.begin_try_time();
  return true;
}

std::optional<upstream::EndpointId> Attempts::pick() {
  upstream::PickContext context{.rng = rng_, .tried = &tried_};
  auto picked = target_.upstream->pick(context);
  if (picked || !(is_granted_ || grant())) return picked;
  // All were tried: any but the last, or that where it is the only one.
  tried_.clear();
  tried_.add(endpoint_);
  picked = target_.upstream->pick(context);
  if (picked) return picked;
  tried_.clear();
  return target_.upstream->pick(context);
}

bool Attempts::again_after_connect(const Error& error) {
  target_.metrics->attempt_failed(error.fault);
  is_granted_ = false;
  cause_.reset();
  if (error.side != Side::upstream || !live_.is_wanted() || live_.route_timed_out()) return false;
  cause_ = RetryCause{Kind::connect_failure};
  if (error.fault == Fault::removed) return true;  // there is one less to pick, so this ends
  return ++unreached_ < kMaxUnasked || grant();
}

bool Attempts::again_after_loss(const Error& error) {
  target_.metrics->attempt_failed(error.fault);
  is_granted_ = false;
  cause_ = cause_of(error);
  return goes_again_in_any_case(error) || grant();
}

bool Attempts::again_after_response() {
  is_granted_ = false;
  cause_ = failure_of(live_.exchange);
  return grant();
}

std::optional<RetryCause> Attempts::cause_of(const Error& error) const noexcept {
  if (error.fault == Fault::timed_out || live_.upstream_deadline.passed()) return RetryCause{Kind::timeout};
  if (live_.upstream_refusal) return std::nullopt;
  if (error.retry_safe) return RetryCause{Kind::refused_stream};
  switch (error.fault) {
    case Fault::closed:
    case Fault::reset:
    case Fault::tls:
      return RetryCause{Kind::reset};
    default:
      return std::nullopt;
  }
}

// An idle connection that turned out to be closed, or an upstream that says so, before anything can have
// been acted on.
bool Attempts::goes_again_in_any_case(const Error& error) {
  const auto& exchange = live_.exchange;
  const auto& stream = live_.lease->stream();
  const bool untouched = stream.bytes_received() == 0 && live_.is_wanted();
  const bool broken = error.fault == Fault::closed || error.fault == Fault::reset;
  const bool safe = http::is_idempotent(exchange.request.method) || stream.bytes_sent() == 0;
  const bool stale = live_.lease->reused() && broken && safe;
  if (!untouched || !live_.replayable() || exchange.times.attempts >= kMaxUnasked) return false;
  if (!stale && !error.retry_safe) return false;
  if (!error.retry_safe) cause_ = RetryCause{Kind::stale_connection};
  // One that refuses the stream is busy; one that lets go of the connection takes another.
  same_ = !error.retry_safe || error.fault == Fault::closed || target_.upstream->size() == 1;
  return true;
}

// Whether the route's `retry` has another attempt after the last one came to `cause_`.
bool Attempts::grant() {
  const auto& retry = live_.route->settings.retry;
  if (!cause_ || !retry || !retry->covers(*cause_, live_.exchange)) return false;
  if (!live_.is_wanted() || live_.route_timed_out() || live_.call_deadline.passed()) return false;
  using Why = telemetry::RetryRefusal;
  if (granted_ + 1 >= retry->attempts) return deny(Why::attempts);
  const bool has_sent = cause_->kind != Kind::connect_failure;
  if (has_sent && !live_.replayable()) return deny(Why::body);
  if (!target_.upstream->retry_budget().take(live_.loop.now())) return deny(Why::budget);
  ++granted_;
  is_granted_ = true;
  return true;
}

bool Attempts::deny(telemetry::RetryRefusal why) noexcept {
  target_.metrics->retry_refused(why);
  return false;
}

}  // namespace sluice::proxy
