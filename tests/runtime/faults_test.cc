// Every operation of an exchange fails once, and a thousand random schedules: nothing may leak, hang
// or be done twice.
#include "runtime/gateway_world.h"

namespace sluice::runtime::testing {
namespace {

constexpr std::string_view kConfig = R"(
listeners: [{ address: 127.0.0.1:8080, limits: { header_timeout: 5s, idle_timeout: 20s, body_timeout: 5s } }]
upstreams:
  app:
    endpoints: [127.0.0.1:3000, 127.0.0.1:3001]
    timeouts: { connect: 1s, first_byte: 5s, idle: 5s }
    connections: { max: 3, idle_max: 2, pending_max: 4 }
  flaky: { endpoints: [127.0.0.1:3003, 127.0.0.1:3004], timeouts: { connect: 1s, first_byte: 5s, idle: 5s } }
  again: { endpoints: [127.0.0.1:8080], protocol: h2, timeouts: { connect: 1s, first_byte: 5s, idle: 5s } }
  told: { endpoints: [127.0.0.1:3002], proxy_protocol: v1, timeouts: { connect: 1s, first_byte: 5s, idle: 5s } }
routes:
  - { name: told, match: { path: /told/* }, upstream: told, timeout: 8s }
  - { name: h2, match: { path: /h2/* }, upstream: again, rewrite: { path_prefix: / }, timeout: 8s }
  - { name: again, match: { path: /again/* }, upstream: flaky, timeout: 8s,
      retry: { attempts: 3, on: [connect_failure, reset, timeout, 503, grpc_unavailable], per_try_timeout: 2s } }
  - { name: web, match: { path: /p.S/* }, upstream: app, timeout: 8s, grpc_web: true }
  - { name: all, upstream: app, timeout: 8s }
  - { name: hello, match: { path: /hello }, respond: { body: "hello\n" } }
)";

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// Understands just enough: answers each request by its method.
Task<void> origin(sim::Peer& peer) {
  for (;;) {
    auto head = co_await peer.receive_until("\r\n\r\n");
    if (!has(head, "\r\n\r\n")) co_return;
    bool sent = true;
    if (head.starts_with("GET /ws")) {
      const bool web = has(head, "Upgrade: websocket");
      co_await peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: " +
                         std::string(web ? "websocket" : "x") + "\r\n\r\n");
      auto words = co_await peer.receive_until("bye");
      co_await peer.send(words);
      co_return;
    } else if (head.starts_with("GET /close")) {
      co_await peer.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
      co_return;
    } else if (has(head, "application/grpc")) {
      sent = co_await peer.send(
          "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n");
      sent = sent && co_await peer.send("4\r\nwiki\r\n");
      co_await peer.receive_until("0\r\n\r\n");
      if (head.starts_with("POST /p.S/Slow")) co_await peer.receive();
      sent = sent && co_await peer.send("0\r\ngrpc-status: 0\r\n\r\n");
    } else if (has(head, "chunked")) {
      co_await peer.receive_until("0\r\n\r\n");
      sent = co_await peer.send(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "4\r\nwiki\r\n");
      sent = sent && co_await peer.send("5\r\npedia\r\n0\r\nX-T: 1\r\n\r\n");
    } else if (head.starts_with("POST")) {
      co_await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
      co_await peer.receive(20000);
      sent = co_await peer.send("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
    } else {
      sent = co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n" + std::string(30000, 'x'));
    }
    if (!sent) co_return;
  }
}

// Fails every other request below /again: with half of an upload, a status, a grpc-status.
GatewayWorld::Origin flaky_origin() {
  return [count = std::make_shared<int>(0)](sim::Peer& peer) -> Task<void> {
    for (;;) {
      auto head = co_await peer.receive_until("\r\n\r\n");
      if (!has(head, "\r\n\r\n")) co_return;
      const bool fails = ++*count % 2 == 1;
      const bool call = has(head, "application/grpc");
      bool sent = true;
      if (head.starts_with("PUT") && fails) {
        co_await peer.receive_until("hello");
        sent = co_await peer.send("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
        co_await peer.receive();
        co_return;
      }
      if (has(head, "chunked")) co_await peer.receive_until("0\r\n\r\n");
      if (call && fails) {
        sent = co_await peer.send(
            "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\ngrpc-status: 14\r\nContent-Length: "
            "0\r\n\r\n");
      } else if (fails) {
        sent =
            co_await peer.send("HTTP/1.1 503 No\r\nContent-Length: 30000\r\n\r\n" + std::string(30000, 'n'));
      } else {
        sent = co_await peer.send(
            "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"
            "4\r\nwiki\r\n0\r\ngrpc-status: 0\r\n\r\n");
      }
      if (!sent) co_return;
    }
  };
}

// The same behind a PROXY header.
Task<void> told_origin(sim::Peer& peer) {
  auto header = co_await peer.receive_until("\r\n");
  if (header.starts_with("PROXY TCP4 ")) co_await origin(peer);
}

// Those from 4 to 6 are the first three by way of the gateway's own HTTP/2: as its client and as its server.
constexpr int kKinds = 16;
bool by_h2(int kind) { return (kind >= 4 && kind <= 6) || kind == kKinds - 1; }

// A client's whole visit; it gives up wherever something breaks.
Task<void> visit(GatewayWorld& gateway, int kind) {
  auto transport = gateway.world().network().connect(gateway.address(), {});
  if (!transport) co_return;
  net::Deadline patience(gateway.world().loop());
  patience.set(**transport, gateway.world().now() + 60s);
  auto connected = co_await (*transport)->connected();
  auto peer = std::make_optional<sim::Peer>(std::move(*transport));
  if (!connected) co_return;
  const auto to = [&](std::string method, std::string_view target, std::string_view more = "") {
    return method + (by_h2(kind) ? " /h2/" : " /") + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" +
           std::string(more) + "\r\n";
  };
  std::string host = " HTTP/1.1\r\nHost: a\r\n";
  switch (kind) {
    case 0:
    case 4:
      co_await peer->send(to("GET", "a"));
      co_await peer->receive_until(std::string(100, 'x'));
      co_await peer->send(to("POST", "b", "Content-Length: 20000\r\n"));
      co_await peer->send(std::string(20000, 'b'));
      co_await peer->receive_until("\r\n\r\nok");
      break;
    case 1:
    case 5:
      co_await peer->send(to("POST", "c", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n");
      co_await peer->send("3\r\nyou\r\n0\r\n\r\n");
      co_await peer->receive_until(by_h2(kind) ? "x-t: 1\r\n\r\n" : "X-T: 1\r\n\r\n");
      break;
    case 2:
    case 6:
      co_await peer->send(
          to("GET", "ws", "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: x\r\n"));
      co_await peer->receive_until("\r\n\r\n");
      co_await peer->send("good bye");
      co_await peer->receive_until("bye");
      break;
    case 3:
      co_await peer->send(to("GET", "close") + to("GET", "hello"));
      co_await peer->receive_until("hello\n");
      break;
    case 7:
      for (int i = 0; i < 2; ++i) {
        co_await peer->send("GET /told/a" + host + "\r\n");
        co_await peer->receive_until(std::string(30000, 'x'));
      }
      break;
    case 8:
      co_await peer->send("POST /p.S/M" + host +
                          "Content-Type: application/grpc-web-text\r\nContent-Length: 16\r\n\r\nAAAAAAA=");
      co_await peer->send("AAAAAAA=");
      co_await peer->receive_until("0\r\n\r\n");
      break;
    case 9:
      co_await peer->send("POST /p.S/Slow" + host +
                          "Content-Type: application/grpc\r\ngrpc-timeout: 3S\r\nTransfer-Encoding: "
                          "chunked\r\n\r\n0\r\n\r\n");
      co_await peer->receive();
      break;
    case 10:
      co_await peer->send("GET /again/a" + host + "\r\n");
      co_await peer->receive_until("0\r\n\r\n");
      break;
    case 11:
      co_await peer->send(
          "POST /again/p.S/M" + host +
          "Content-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
      co_await peer->send("0\r\n\r\n");
      co_await peer->receive_until("0\r\n\r\n");
      break;
    case 12:
      co_await peer->send("PUT /again/u" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
      co_await gateway.world().loop().sleep(100ms);
      co_await peer->send("3\r\nyou\r\n0\r\n\r\n");
      co_await peer->receive_until("0\r\n\r\n");
      break;
    default:
      co_await peer->send(to("GET", "a"));
      co_await gateway.world().loop().sleep(std::chrono::milliseconds(kind * 20));  // and leaves
      break;
  }
  patience.clear();
}

TEST(Visit, by_http_2_passes_the_gateway_twice) {
  for (int kind = 4; kind <= 6; ++kind) {
    GatewayWorld gateway(kConfig);
    gateway.origin(3000, origin);
    gateway.origin(3001, origin);
    EXPECT_TRUE(gateway.world().run(visit(gateway, kind)));
    EXPECT_EQ(gateway.hooks().requests, kind == 4 ? 4 : 2) << kind;
    EXPECT_EQ(gateway.hooks().reason, http::Reason::none) << kind;
    ASSERT_TRUE(gateway.wind_up());
  }
}

TEST(Visit, of_an_upstream_that_fails_every_other_time_is_answered_by_retries) {
  for (int kind = 10; kind <= 12; ++kind) {
    GatewayWorld gateway(kConfig);
    gateway.origin(3003, flaky_origin());
    gateway.origin(3004, flaky_origin());
    EXPECT_TRUE(gateway.world().run(visit(gateway, kind)));
    EXPECT_EQ(gateway.hooks().status, 200) << kind;
    EXPECT_EQ(gateway.shard().upstream("flaky").attempts.value(), 3u) << kind;
    ASSERT_TRUE(gateway.wind_up());
  }
}

class EachFault : public ::testing::TestWithParam<std::tuple<int, Fault>> {};

TEST_P(EachFault, of_the_nth_operation_leaves_nothing_behind) {
  auto [kind, fault] = GetParam();
  bool failed = true;
  for (std::uint64_t n = 1; failed; ++n) {
    ASSERT_LT(n, 2000u) << "the exchange never gets by without the fault";
    GatewayWorld gateway(kConfig, n);
    gateway.origin(3000, origin);
    gateway.origin(3001, origin);
    gateway.origin(3002, told_origin);
    gateway.origin(3003, flaky_origin());
    gateway.origin(3004, flaky_origin());
    gateway.world().faults().fail_operation(n, fault);
    EXPECT_TRUE(gateway.world().run(visit(gateway, kind))) << "the client hangs, n = " << n;
    failed = gateway.world().faults().has_failed_it();
    ASSERT_TRUE(gateway.wind_up()) << "n = " << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Exchange, EachFault,
                         ::testing::Combine(::testing::Range(0, kKinds),
                                            ::testing::Values(Fault::reset, Fault::no_memory)));

// Each test takes a hundred of the thousand seeds.
class RandomSchedule : public ::testing::TestWithParam<int> {};

TEST_P(RandomSchedule, of_delay_split_drop_and_reset_leaves_nothing_behind) {
  for (int seed = GetParam() * 100; seed < GetParam() * 100 + 100; ++seed) {
    GatewayWorld gateway(kConfig, static_cast<std::uint64_t>(seed));
    gateway.origin(3000, origin);
    gateway.origin(3001, origin);
    gateway.origin(3002, told_origin);
    gateway.origin(3003, flaky_origin());
    gateway.origin(3004, flaky_origin());
    gateway.world().faults().weather = sim::Weather::rough();
    for (int i = 0; i < 8; ++i) {
      gateway.world().spawn(visit(gateway, static_cast<int>(gateway.world().rng().below(kKinds))));
      gateway.world().run_for(std::chrono::milliseconds(gateway.world().rng().below(100)));
    }
    gateway.world().run_for(5min);
    ASSERT_TRUE(gateway.wind_up()) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSchedule, ::testing::Range(0, 10));

}  // namespace
}  // namespace sluice::runtime::testing
