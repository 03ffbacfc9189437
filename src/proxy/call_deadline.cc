#include "proxy/call_deadline.h"

#include <array>

#include "http/grpc.h"
#include "proxy/live_exchange.h"

namespace sluice::proxy {

bool CallDeadline::begin() noexcept {
  const auto text = live_.exchange.request.fields.find(http::FieldName::grpc_timeout);
  if (!text) return true;
  const auto timeout = http::parse_grpc_timeout(*text);
  if (!timeout) return false;
  when_ = live_.exchange.times.started + *timeout;
  live_.loop.timers().arm(*this, when_);
  return true;
}

void CallDeadline::end() noexcept {
  disarm();
  when_ = TimePoint::max();
}

bool CallDeadline::passed() const noexcept { return live_.loop.now() >= when_; }

void CallDeadline::announce(http::HeaderBlock& request) const {
  if (when_ == TimePoint::max()) return;
  std::array<char, 9> text;
  request.set(http::FieldName::grpc_timeout, http::format_grpc_timeout(when_ - live_.loop.now(), text));
}

void CallDeadline::on_timer() noexcept {
  live_.abandon_upstream();
  if (!live_.client->started() || live_.client->finished()) return;
  // Else a client that takes nothing would hold it up. It has not left by itself.
  live_.hangup.end();
  live_.client->abort(Fault::timed_out);
}

}  // namespace sluice::proxy
