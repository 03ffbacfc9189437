// What clients see while the gateway shuts down: first it says that connections end, then it ends them.
#include "runtime/gateway_world.h"

namespace sluice::runtime::testing {
namespace {

constexpr std::string_view kOne = R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:
  - { match: { path: /own }, respond: { body: own } }
  - { upstream: app }
)";

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string get(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

// Sends the head at once or a second later, and the body two seconds later.
GatewayWorld::Origin slow(GatewayWorld& gateway, bool head_at_once) {
  return [&gateway, head_at_once](sim::Peer& peer) -> Task<void> {
    auto& loop = gateway.world().loop();
    const std::string_view head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
    co_await peer.receive_until("\r\n\r\n");
    if (!head_at_once) co_await loop.sleep(1s);
    co_await peer.send(head);
    co_await loop.sleep(1s);
    co_await peer.send("late");
    co_await peer.receive();
  };
}

// Opens a connection, says something before the shutdown begins, if anything, and goes on after it.
template <class Then>
void over_the_begin(GatewayWorld& gateway, std::string_view first, Then then) {
  auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    if (!first.empty()) co_await peer->send(first);
    co_await gateway.world().loop().sleep(500ms);
    gateway.announce_close();
    co_await then(*peer);
  };
  EXPECT_TRUE(gateway.world().run(client()));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Shutdown, lets_an_idle_connection_ask_once_more_and_says_that_it_ends) {
  GatewayWorld gateway(kOne);
  over_the_begin(gateway, "", [&](sim::Peer& peer) -> Task<void> {
    co_await gateway.world().loop().sleep(10s);
    EXPECT_FALSE(peer.transport().peer_gone());
    co_await peer.send(get("/own"));
    auto answer = co_await peer.receive();
    EXPECT_TRUE(has(answer, "Connection: close\r\n") && answer.ends_with("own")) << answer;
    EXPECT_TRUE(peer.at_end());
  });
}

TEST(Shutdown, accepts_new_connections_until_it_stops) {
  GatewayWorld gateway(kOne);
  gateway.announce_close();
  auto answer = gateway.exchange(get("/own"));
  EXPECT_TRUE(has(answer, "Connection: close\r\n") && answer.ends_with("own")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Shutdown, is_said_in_a_response_that_was_waited_for) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, slow(gateway, false));
  over_the_begin(gateway, get("/"), [](sim::Peer& peer) -> Task<void> {
    auto answer = co_await peer.receive();
    EXPECT_TRUE(has(answer, "Connection: close\r\n") && answer.ends_with("late")) << answer;
  });
}

TEST(Shutdown, serves_another_request_where_the_head_was_out_before) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, slow(gateway, true));
  over_the_begin(gateway, get("/"), [](sim::Peer& peer) -> Task<void> {
    auto answer = co_await peer.receive_until("late");
    EXPECT_FALSE(has(answer, "Connection: close\r\n")) << answer;
    co_await peer.send(get("/own"));
    answer = co_await peer.receive();
    EXPECT_TRUE(has(answer, "Connection: close\r\n") && answer.ends_with("own")) << answer;
  });
}

TEST(Shutdown, ends_idle_connections_when_it_stops) {
  GatewayWorld gateway(kOne);
  over_the_begin(gateway, "", [&](sim::Peer& peer) -> Task<void> {
    gateway.stop();
    auto rest = co_await peer.receive();
    EXPECT_TRUE(rest.empty() && peer.at_end());
  });
}

}  // namespace
}  // namespace sluice::runtime::testing
