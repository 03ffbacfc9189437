#include "support/sim_world.h"

#include <algorithm>
#include <utility>

namespace sluice::sim {

using namespace std::chrono_literals;

WallTime Clock::wall() noexcept {
  constexpr auto noon = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + 12h;
  return WallTime(noon) + std::chrono::duration_cast<WallTime::duration>(now_ - TimePoint(1h));
}

Weather Weather::rough() {
  return {.split = 0.5,
          .short_read = 0.5,
          .postpone = 0.3,
          .reset = 0.01,
          .drop = 0.005,
          .refuse = 0.02,
          .hang = 0.01,
          .least_delay = 0ms,
          .most_delay = 20ms};
}

void Faults::fail_operation(std::uint64_t n, Fault fault) {
  fail_at_ = operations_ + n;
  fail_with_ = fault;
  failed_it_ = false;
}

void Faults::connects_to(const Address& address, Fault fault) { by_address_[address.to_string()] = fault; }

Fault Faults::before(MemoryStep) noexcept {
  if (++operations_ != fail_at_) return Fault::none;
  failed_it_ = true;
  return fail_with_;
}

Fault Faults::on_connect(const Address& to) noexcept {
  auto found = by_address_.find(to.to_string());
  if (found != by_address_.end() && found->second != Fault::none) return found->second;
  if (rng_.chance(weather.refuse)) return Fault::refused;
  if (rng_.chance(weather.hang)) return Fault::timed_out;
  return Fault::none;
}

Faults::Delivery Faults::deliver(std::size_t offered) noexcept {
  Delivery delivery{offered};
  if (rng_.chance(weather.split)) delivery.bytes = 1 + rng_.below(static_cast<std::uint32_t>(offered));
  if (weather.most_delay > Duration::zero()) {
    auto span = static_cast<double>((weather.most_delay - weather.least_delay).count());
    delivery.delay = weather.least_delay + Duration(static_cast<std::int64_t>(span * rng_.uniform()));
  }
  delivery.dropped = rng_.chance(weather.drop);
  delivery.reset = rng_.chance(weather.reset);
  return delivery;
}

std::size_t Faults::read_size(std::size_t there) noexcept {
  return rng_.chance(weather.short_read) ? 1 + rng_.below(static_cast<std::uint32_t>(there)) : there;
}

bool Faults::postpone() noexcept { return rng_.chance(weather.postpone); }

Loop::Loop(Clock& clock, const net::LoopOptions& options, net::MemoryFaults& faults)
    : net::Loop(clock), clock_(clock), network_(*this, options, &faults) {}

void Loop::wait(TimePoint until) {
  if (until != TimePoint::max()) clock_.move_to(until);
  refresh_time();
}

World::World(std::uint64_t seed, const net::LoopOptions& options)
    : faults_(seed), rng_(seed + 1), loop_(clock_, options, faults_) {}

World::~World() = default;

bool World::Limit::turn(TimePoint until) {
  world.loop_.turn(until);
  if (std::exchange(last, world.now()) != world.now()) turns = 0;
  return ++turns < 100'000 && world.now() < end;
}

bool World::run_until_idle() {
  Limit limit{*this};
  while (!loop_.idle()) {
    if (!limit.turn(TimePoint::max())) return false;
  }
  return true;
}

void World::run_for(Duration duration) {
  auto end = now() + duration;
  Limit limit{*this};
  while (now() < end || loop_.ready() || loop_.timers().next() <= end) {
    if (!limit.turn(end)) return;
  }
}

bool World::run(Task<void> task) {
  auto done = std::make_shared<bool>(false);
  spawn(store(std::move(task), done));
  return run_until([&] { return *done; });
}

Task<void> World::store(Task<void> task, std::shared_ptr<bool> done) {
  co_await std::move(task);
  *done = true;
}

std::string World::exchange(const Address& to, std::string_view text, std::size_t bytes) {
  std::string reply;
  run([](World& world, Address address, std::string_view request, std::size_t wanted,
         std::string& got) -> Task<void> {
    auto opened = world.network().connect(address, {});
    if (!opened) co_return;
    auto transport = std::move(*opened);
    net::Deadline deadline(world.loop());
    deadline.set(*transport, world.now() + 60s);
    auto connected = co_await transport->connected();
    if (!connected) co_return;
    Slice slices[1] = {request};
    auto sent = co_await transport->write(slices);
    if (!sent) co_return;
    while (got.size() < wanted) {
      auto chunk = co_await transport->read();
      if (!chunk || chunk->empty()) break;
      got += chunk->view();
    }
  }(*this, to, text, bytes, reply));
  return reply;
}

Task<bool> Peer::send(std::string_view text) {
  Slice slices[1] = {text};
  auto sent = co_await transport_->write(slices);
  if (!sent) fault_ = sent.error().fault;
  co_return sent.has_value();
}

Task<std::string> Peer::receive(std::size_t bytes) {
  while (kept_.size() < bytes) {
    if (!co_await read_more()) break;
  }
  auto size = std::min(bytes, kept_.size());
  std::string text = kept_.substr(0, size);
  kept_.erase(0, size);
  co_return text;
}

Task<std::string> Peer::receive_until(std::string_view end) {
  std::size_t found;
  while ((found = kept_.find(end)) == std::string::npos) {
    if (!co_await read_more()) co_return std::exchange(kept_, {});
  }
  std::string text = kept_.substr(0, found + end.size());
  kept_.erase(0, text.size());
  co_return text;
}

Task<bool> Peer::read_more() {
  auto chunk = co_await transport_->read();
  if (!chunk) {
    fault_ = chunk.error().fault;
    co_return false;
  }
  at_end_ = chunk->empty();
  kept_ += chunk->view();
  co_return !at_end_;
}

Task<std::optional<Peer>> connect(net::Network& network, Address to) {
  auto transport = network.connect(to, {});
  if (!transport) co_return std::nullopt;
  auto connected = co_await (*transport)->connected();
  if (!connected) co_return std::nullopt;
  co_return Peer(std::move(*transport));
}

std::unique_ptr<net::Acceptor> listen(net::Network& network, const Address& address) {
  return *network.listen({-1, address});
}

}  // namespace sluice::sim
