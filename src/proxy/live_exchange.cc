#include "proxy/live_exchange.h"

namespace sluice::proxy {
namespace {

constexpr auto kHangupDelay = std::chrono::milliseconds(50);

}  // namespace

void HangupWatch::begin() noexcept {
  if (!armed() && !watching_) live_.loop.timers().arm(*this, live_.loop.now() + kHangupDelay);
}

void HangupWatch::end() noexcept {
  disarm();
  if (std::exchange(watching_, false)) live_.client->watch(nullptr);
}

void HangupWatch::on_timer() noexcept {
  auto& client = *live_.client;
  // While the body is still read, its reader notices by itself; it begins the watch at its end.
  if (!client.request_complete()) return;
  if (client.gone()) return live_.give_up(http::Reason::client_closed);
  watching_ = true;
  client.watch(this);
}

void HangupWatch::on_activity() noexcept {
  watching_ = false;
  if (live_.client->gone()) live_.give_up(http::Reason::client_closed);
}

void LiveExchange::begin(codec::ServerStream& stream) noexcept {
  client = &stream;
  progress = {};
  canceller.reset();
  route_deadline = try_deadline = TimePoint::max();
  max_body = 0;
  expects_tunnel = false;
  first = {};
  first_taken = keeps_body = false;
  request_trailers = nullptr;
  upload_error.reset();
  writing = reading = request_sent = false;
  upstream_refusal = {};
  response_begun = tunnel = false;
  early.reset();
  given_up = broken_off = http::Reason::none;
}

void LiveExchange::end() noexcept {
  hangup.end();
  call_deadline.end();
  upstream_deadline.clear();
  lease.reset();
  buffered.release();
  exchange.clear();
  client = nullptr;
  refusal_page.reset();
  route.reset();
}

void LiveExchange::give_up(http::Reason why) noexcept {
  if (is_wanted()) given_up = why;
  abandon_upstream();
}

void LiveExchange::abandon_upstream() noexcept {
  canceller.cancel();
  if (lease) lease->stream().link().abort(Fault::cancelled);
}

http::Refusal LiveExchange::body_refusal() const noexcept {
  const auto refusal = client->refusal();
  return refusal ? refusal : http::Refusal{http::Reason::malformed_content, {}};
}

void LiveExchange::allow_upstream(Duration after) noexcept {
  upstream_deadline.set(lease->stream().link(), std::min(loop.now() + after, head_deadline()));
}

void LiveExchange::time_upstream() noexcept {
  if (tunnel) return allow_upstream(client->tunnel_timeout());
  bool has_all = request_sent || client->awaits_continue();
  if (writing || (reading && has_all)) return allow_upstream(target->timeouts.idle);
  upstream_deadline.clear();
}

void LiveExchange::time_client() noexcept {
  // The client is not late before it was told to go on: the upstream owes that word.
  if (client->awaits_continue() && !response_begun) return allow_upstream(target->timeouts.first_byte);
  route_deadline = try_deadline = TimePoint::max();
  time_upstream();
}

void LiveExchange::time_response() noexcept {
  request_sent = true;
  if (response_begun) return time_upstream();
  begin_route_time();
  begin_try_time();
  allow_upstream(target->timeouts.first_byte);
}

void LiveExchange::begin_route_time() noexcept { route_deadline = loop.now() + route->settings.timeout; }

void LiveExchange::begin_try_time() noexcept {
  const auto& retry = route->settings.retry;
  try_deadline = retry && retry->per_try_timeout ? loop.now() + *retry->per_try_timeout : TimePoint::max();
}

bool LiveExchange::route_timed_out() const noexcept { return loop.now() >= route_deadline; }

}  // namespace sluice::proxy
