// Endpoints that come and go under requests, through the whole gateway.
#include <memory>
#include <string>
#include <vector>

#include "runtime/gateway_world.h"

namespace sluice::runtime::testing {
namespace {

using upstream::EndpointConfig;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

std::string configured(std::string_view of_upstream) {
  return "listeners: [{ address: 127.0.0.1:8080 }]\n"
         "upstreams: { app: { endpoints: [127.0.0.1:3000, 127.0.0.1:3001], " +
         std::string(of_upstream) +
         " } }\n"
         "routes: [{ upstream: app, timeout: 20s }]\n";
}

std::string get() { return "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"; }

std::vector<EndpointConfig> at_ports(const std::vector<int>& ports) {
  std::vector<EndpointConfig> list;
  for (const auto port : ports) list.push_back({.address = "127.0.0.1:" + std::to_string(port)});
  return list;
}

// Answers after a while.
GatewayWorld::Origin answering_after(Duration pause, net::Loop& loop, std::string response) {
  return [=, &loop](sim::Peer& peer) -> Task<void> {
    while (!(co_await peer.receive_until("\r\n\r\n")).empty() && !peer.at_end()) {
      co_await loop.sleep(pause);
      if (!co_await peer.send(response)) co_return;
    }
  };
}

struct Visit {
  std::string answer;
  bool over = false;
};

Task<void> visit(GatewayWorld& gateway, Visit& one) {
  auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
  if (peer && co_await peer->send(get())) one.answer = co_await peer->receive();
  one.over = true;
}

bool served(const Visit& visit) {
  return visit.answer.starts_with("HTTP/1.1 200 ") && visit.answer.ends_with("good");
}

TEST(LiveEndpoints, a_request_that_waits_for_one_that_leaves_is_served_by_another) {
  GatewayWorld gateway(configured("connections: { max: 1 }"));
  auto& loop = gateway.world().loop();
  gateway.origin(3000, answering_after(5s, loop, std::string(kOk)));
  gateway.origin(3001, answering(std::string(kOk)));
  gateway.upstream().update(at_ports({3000}));
  Visit first, second;
  gateway.world().spawn(visit(gateway, first));
  gateway.world().spawn(visit(gateway, second));
  gateway.world().run_for(1s);
  EXPECT_FALSE(second.over);
  gateway.upstream().update(at_ports({3001}));
  gateway.world().run_for(1s);
  EXPECT_TRUE(served(second)) << second.answer;
  EXPECT_FALSE(first.over);
  gateway.world().run_for(5s);
  EXPECT_TRUE(served(first)) << "what is under way goes on: " << first.answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(LiveEndpoints, none_are_left_to_a_request_that_waited_for_the_last_one) {
  GatewayWorld gateway(configured("connections: { max: 1 }"));
  gateway.origin(3000, answering_after(5s, gateway.world().loop(), std::string(kOk)));
  gateway.upstream().update(at_ports({3000}));
  Visit first, second;
  gateway.world().spawn(visit(gateway, first));
  gateway.world().spawn(visit(gateway, second));
  gateway.world().run_for(1s);
  gateway.upstream().update({});
  gateway.world().run_for(1s);
  EXPECT_TRUE(second.answer.starts_with("HTTP/1.1 503 ")) << second.answer;
  EXPECT_EQ(gateway.hooks().reason, http::Reason::no_healthy_endpoint);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(LiveEndpoints, a_stale_connection_to_one_that_leaves_sends_the_request_to_another) {
  GatewayWorld gateway(configured(""));
  int asked = 0;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send(kOk);
    co_await peer.receive_until("\r\n\r\n");
    ++asked;
    gateway.upstream().update(at_ports({3001}));
  });
  gateway.origin(3001, answering(std::string(kOk)));
  gateway.upstream().update(at_ports({3000}));
  EXPECT_TRUE(gateway.exchange(get()).ends_with("good"));
  EXPECT_TRUE(gateway.exchange(get()).ends_with("good"));
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(gateway.wind_up());
}

// Requests, one every few milliseconds, and between them updates in which port 3000 always stays.
std::size_t run_updates(std::uint64_t seed, std::uint64_t failing, std::string_view of_upstream) {
  GatewayWorld gateway(configured(of_upstream), seed);
  auto& loop = gateway.world().loop();
  for (std::uint16_t port = 3000; port < 3006; ++port)
    gateway.origin(port, answering_after(std::chrono::milliseconds(port % 7), loop, std::string(kOk)));
  if (failing != 0) gateway.world().faults().fail_operation(failing, Fault::reset);
  Rng rng(seed);
  std::vector<std::unique_ptr<Visit>> visits;
  for (int step = 0; step < 40; ++step) {
    visits.push_back(std::make_unique<Visit>());
    gateway.world().spawn(visit(gateway, *visits.back()));
    gateway.world().run_for(std::chrono::milliseconds(rng.below(5)));
    if (rng.chance(0.5)) continue;
    std::vector<int> ports{3000};
    for (int port = 3001; port < 3006; ++port)
      if (rng.chance(0.5)) ports.push_back(port);
    gateway.upstream().update(at_ports(ports));
  }
  gateway.world().run_for(30s);
  std::size_t failed = 0;
  for (const auto& one : visits) failed += !served(*one);
  EXPECT_TRUE(gateway.upstream().leaving().empty());
  EXPECT_TRUE(gateway.wind_up());
  return failed;
}

TEST(LiveEndpoints, changing_at_any_moment_fail_no_request) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    EXPECT_EQ(run_updates(seed, 0, "connections: { max: 2 }"), 0u);
  }
}

TEST(LiveEndpoints, changing_at_any_moment_lose_nothing_when_an_operation_fails) {
  for (std::uint64_t n = 1; n <= 120; n += 2) {
    SCOPED_TRACE(n);
    EXPECT_LE(run_updates(n, n, "connections: { max: 2 }"), 1u);
  }
}

}  // namespace
}  // namespace sluice::runtime::testing
