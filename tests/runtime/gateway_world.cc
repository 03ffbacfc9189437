#include "runtime/gateway_world.h"

namespace sluice::runtime::testing {
namespace {

class Probe final : public Middleware {
 public:
  explicit Probe(HookCounts& counts) : counts_(counts) {}
  Step on_request(Exchange&) override { return counts_.requests += 1, Step::next; }
  void on_response(Exchange&) override { counts_.responses += 1; }
  void on_done(Exchange& exchange) override {
    counts_.done += 1;
    counts_.status = exchange.response.status;
    counts_.reason = exchange.reason;
  }

 private:
  HookCounts& counts_;
};

class ProbePlan final : public MiddlewarePlan {
 public:
  explicit ProbePlan(HookCounts& counts) : counts_(counts) {}
  std::unique_ptr<Middleware> make(const BuildContext&) const override {
    return std::make_unique<Probe>(counts_);
  }

 private:
  HookCounts& counts_;
};

std::shared_ptr<const Snapshot> compiled(std::string_view text, HookCounts& counts) {
  conf::Problems problems;
  auto config = parse_config(text, "test.yaml", problems);
  auto snapshot = config ? compile(std::move(*config), problems) : nullptr;
  if (!snapshot) throw std::runtime_error(problems.text());
  auto probed = std::make_shared<Snapshot>(*snapshot);
  for (auto& route : probed->routes) {
    auto with_probe = std::make_shared<CompiledRoute>(*route);
    with_probe->plans.insert(with_probe->plans.begin(), {std::make_shared<ProbePlan>(counts)});
    route = std::move(with_probe);
  }
  return probed;
}

}  // namespace

GatewayWorld::GatewayWorld(std::string_view config, std::uint64_t seed)
    : world_(seed),
      log_({.output = "none"}, 1),
      snapshot_(compiled(config, hooks_)),
      exchanges_(world_.loop()),
      gateway_({world_.loop(), world_.rng(), shard_, log_.port(0), "5eed0001", &memory_}),
      side_(build_side(*snapshot_, {world_.loop(), shard_, world_.rng()})) {
  gateway_.use(side_.generation);
  address_ = *net::Address::parse(*snapshot_->config.listeners.front().address);
  const auto& plan = snapshot_->listeners.front();
  listener_ = std::make_unique<proxy::Listener>(world_.loop(), plan, shard_.listener(plan->settings.name),
                                                exchanges_, gateway_);
  entrance_ = std::make_unique<proxy::Entrance>(sim::listen(world_.network(), address_), *listener_);
}

GatewayWorld::~GatewayWorld() {
  if (!wound_up_) wind_up();
}

void GatewayWorld::origin(std::uint16_t port, Origin origin) {
  acceptors_.push_back(sim::listen(world_.network(), sim::at(port)));
  world_.spawn(accept(*acceptors_.back(), std::move(origin)));
}

Task<void> GatewayWorld::accept(net::Acceptor& acceptor, Origin origin) {
  for (;;) {
    auto transport = co_await acceptor.accept();
    if (transport) {
      world_.spawn(speak(origin, std::move(*transport)));
    } else if (transport.error().fault == Fault::cancelled) {
      co_return;
    }
  }
}

Task<void> GatewayWorld::speak(Origin origin, std::unique_ptr<net::Transport> transport) {
  sim::Peer peer(std::move(transport));
  net::Deadline patience(world_.loop());  // on a link that has gone dead nobody else would notice
  patience.set(peer.transport(), world_.now() + 10min);
  co_await origin(peer);
}

bool GatewayWorld::wind_up() {
  wound_up_ = true;
  for (auto& acceptor : acceptors_) acceptor->stop();
  stop();
  world_.run_until([&] { return listener_->connections() == 0; });
  if (listener_->connections() != 0) listener_->abort();
  for (auto& upstream : side_.upstreams) upstream->retire();
  world_.spawn(drain());
  bool ended = world_.run_until([&] { return world_.running() == 0 && listener_->connections() == 0; });
  world_.run_until_idle();
  bool counted = hooks_.requests == hooks_.done && shard_.exchanges_in_flight.value() == 0;
  EXPECT_TRUE(ended) << "something hangs";
  EXPECT_EQ(hooks_.requests, hooks_.done) << "on_done is owed to every exchange, once";
  EXPECT_EQ(world_.network().live_transports(), 0u);
  EXPECT_EQ(world_.network().leased_buffers(), 0u);
  return ended && counted && world_.at_rest();
}

Task<void> GatewayWorld::drain() {
  for (auto& upstream : side_.upstreams) co_await upstream->drained();
}

GatewayWorld::Origin answering(std::string response) {
  return [response](sim::Peer& peer) -> Task<void> {
    while (!(co_await peer.receive_until("\r\n\r\n")).empty() && peer.fault() == Fault::none &&
           !peer.at_end()) {
      if (!co_await peer.send(response)) co_return;
    }
  };
}

}  // namespace sluice::runtime::testing
