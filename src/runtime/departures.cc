#include "runtime/departures.h"

#include <chrono>
#include <utility>

namespace sluice::runtime {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(200);

bool is_gone(const Door& door) {
  return door.listener->connections() == 0 && (!door.entrance || door.entrance->has_ended());
}

// Routes that exchanges hold lead to it.
bool is_gone(const std::shared_ptr<upstream::Upstream>& upstream) {
  return upstream.use_count() == 1 && upstream->has_ended();
}

}  // namespace

void Departures::add(Door door) {
  if (door.entrance) door.entrance->stop();
  door.listener->announce_close();
  doors_.push_back(std::move(door));
  look_again();
}

void Departures::add(std::shared_ptr<upstream::Upstream> upstream) {
  upstream->retire();
  upstreams_.push_back(std::move(upstream));
  look_again();
}

Task<void> Departures::drained() {
  disarm();  // so that nothing leaves the lists meanwhile
  for (auto& door : doors_) {
    if (door.entrance) co_await door.entrance->drained();
    co_await door.listener->drained();
  }
  for (auto& upstream : upstreams_) co_await upstream->drained();
}

void Departures::on_timer() noexcept {
  std::erase_if(doors_, [](const auto& door) { return is_gone(door); });
  std::erase_if(upstreams_, [](const auto& upstream) { return is_gone(upstream); });
  if (!doors_.empty() || !upstreams_.empty()) look_again();
}

void Departures::look_again() noexcept {
  if (!armed()) loop_.timers().arm(*this, loop_.now() + kLookEvery);
}

}  // namespace sluice::runtime
