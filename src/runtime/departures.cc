#include "runtime/departures.h"

#include <chrono>
#include <utility>

namespace sluice::runtime {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(200);

bool is_gone(const std::unique_ptr<proxy::Listener>& listener) { return listener->connections() == 0; }

// Routes that exchanges hold lead to it.
bool is_gone(const std::shared_ptr<upstream::Upstream>& upstream) {
  return upstream.use_count() == 1 && upstream->has_ended();
}

}  // namespace

void Departures::add(std::unique_ptr<proxy::Listener> listener) {
  listener->announce_close();
  listeners_.push_back(std::move(listener));
  look_again();
}

void Departures::add(std::shared_ptr<upstream::Upstream> upstream) {
  upstream->retire();
  upstreams_.push_back(std::move(upstream));
  look_again();
}

Task<void> Departures::drained() {
  disarm();  // so that nothing leaves the lists meanwhile
  for (auto& listener : listeners_) co_await listener->drained();
  for (auto& upstream : upstreams_) co_await upstream->drained();
}

void Departures::on_timer() noexcept {
  std::erase_if(listeners_, [](const auto& listener) { return is_gone(listener); });
  std::erase_if(upstreams_, [](const auto& upstream) { return is_gone(upstream); });
  if (!listeners_.empty() || !upstreams_.empty()) look_again();
}

void Departures::look_again() noexcept {
  if (!armed()) loop_.timers().arm(*this, loop_.now() + kLookEvery);
}

}  // namespace sluice::runtime
