// What hooks, log and metrics are told of exchanges that do not end well, and what the client gets.
#include <map>

#include "runtime/gateway_world.h"

namespace sluice::runtime::testing {
namespace {

constexpr std::string_view kOne = R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ upstream: app }]
)";

constexpr std::string_view kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string get(std::string_view more = "") {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "\r\n";
}

struct Outcome {
  int status;
  std::string reason;
  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Outcome& o) {
    return out << o.status << " " << o.reason;
  }
};

// Of the last exchange, as hooks and log see it.
Outcome outcome(const GatewayWorld& gateway) {
  return {gateway.hooks().status, std::string(http::name(gateway.hooks().reason))};
}

// Exchanges by status class and reason, as metrics see them.
std::map<std::string, std::uint64_t> counted(GatewayWorld& gateway) {
  std::map<std::string, std::uint64_t> counts;
  gateway.shard().each_route([&](const telemetry::RouteMetrics& route) {
    if (!route.traffic()) return;
    for (const auto& outcomes : route.traffic()->outcomes) {
      outcomes.each([&](const auto& o) {
        counts[std::to_string(o.status_class) + "xx " + std::string(http::name(o.reason))] +=
            o.requests.value();
      });
    }
  });
  return counts;
}

using Counts = std::map<std::string, std::uint64_t>;

// Sends this at once, and more after a while.
GatewayWorld::Origin saying(GatewayWorld& gateway, std::string first, std::string later) {
  return [&gateway, first, later](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send(first);
    co_await gateway.world().loop().sleep(100ms);
    co_await peer.send(later);
    co_await peer.receive();
  };
}

// Connections of the first listener that have ended, by why.
Counts ends(GatewayWorld& gateway) {
  Counts counts;
  gateway.shard().each_listener([&](const telemetry::ListenerMetrics& listener) {
    for (std::size_t i = 0; i < listener.closed.size(); ++i) {
      const auto count = listener.closed[i].value();
      if (count != 0) counts[std::string(name(static_cast<telemetry::ConnectionEnd>(i)))] += count;
    }
  });
  return counts;
}

// Asks, reads what comes within a second, and leaves.
void ask_and_leave(GatewayWorld& gateway, bool reads) {
  auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(get());
    if (reads) co_await peer->receive_until("\r\n\r\n");
    co_await gateway.world().loop().sleep(1s);
  };
  EXPECT_TRUE(gateway.world().run(client()));
  gateway.world().run_for(1s);
}

TEST(BrokenResponse, that_broke_with_its_head_is_refused) {
  for (const char* body :
       {"zz\r\n", "5\r\nhello\r\nzz\r\n", "0\r\nContent-Length: 5\r\n\r\n", "5\r\nhello!"}) {
    GatewayWorld gateway(kOne);
    gateway.origin(3000, saying(gateway, std::string(kChunked) + body, ""));
    auto answer = gateway.exchange(get() + get("Connection: close\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << body << answer;
    EXPECT_TRUE(has(answer, "\"reason\":\"upstream_invalid_chunk\"")) << body << answer;
    EXPECT_NE(answer.find("HTTP/1.1 502 ", 10), answer.npos)
        << "the client's connection lives on: " << answer;
    EXPECT_EQ(counted(gateway), (Counts{{"5xx upstream_invalid_chunk", 2}})) << body;
    EXPECT_EQ(gateway.hooks().responses, 2) << "each response is shown once";
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(BrokenResponse, that_broke_with_its_head_has_the_routes_own_refusal) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ upstream: app, refusal: { body: "sorry: {reason}" } }]
)");
  gateway.origin(3000, saying(gateway, std::string(kChunked) + "zz\r\n", ""));
  auto answer = gateway.exchange(get("Connection: close\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\nsorry: upstream_invalid_chunk")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(BrokenResponse, that_broke_behind_its_head_keeps_its_status_and_says_why) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, saying(gateway, std::string(kChunked) + "5\r\nhello\r\n", "zz\r\n"));
  auto answer = gateway.exchange(get());
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_FALSE(answer.ends_with("0\r\n\r\n")) << answer;
  EXPECT_EQ(outcome(gateway), (Outcome{200, "upstream_invalid_chunk"}));
  EXPECT_EQ(counted(gateway), (Counts{{"2xx upstream_invalid_chunk", 1}}));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(BrokenResponse, has_its_head_sent_where_the_body_has_not_said_anything_yet) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, saying(gateway, std::string(kChunked) + "5", "\r\nhello\r\n0\r\n\r\n"));
  auto client = [&]() -> Task<Duration> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    auto before = gateway.world().now();
    co_await peer->send(get("Connection: close\r\n"));
    co_await peer->receive_until("\r\n\r\n");
    auto took = gateway.world().now() - before;
    co_await peer->receive();
    co_return took;
  };
  EXPECT_LT(gateway.world().run(client()), 50ms);
  EXPECT_EQ(outcome(gateway), (Outcome{200, "none"}));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(LeavingClient, before_the_response_is_499) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> { co_await peer.receive(); });
  ask_and_leave(gateway, false);
  EXPECT_EQ(outcome(gateway), (Outcome{499, "client_closed"}));
  EXPECT_EQ(counted(gateway), (Counts{{"4xx client_closed", 1}}));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(LeavingClient, within_the_response_keeps_its_status_whoever_notices) {
  const auto head = std::string("HTTP/1.1 201 Created\r\nContent-Length: 10000000\r\n\r\n");
  for (std::size_t at_once : {10, 9'000'000}) {  // the watch notices, or a write does
    GatewayWorld gateway(kOne);
    gateway.origin(3000, saying(gateway, head + std::string(at_once, 'x'), ""));
    ask_and_leave(gateway, true);
    EXPECT_EQ(outcome(gateway), (Outcome{201, "client_closed"})) << at_once;
    EXPECT_EQ(counted(gateway), (Counts{{"2xx client_closed", 1}})) << at_once;
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(EndOfAConnection, whose_response_is_cut_is_the_upstreams_fault) {
  for (const char* half : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"}) {
    GatewayWorld gateway(kOne);
    gateway.origin(3000, [half](sim::Peer& peer) -> Task<void> {
      co_await peer.receive_until("\r\n\r\n");
      co_await peer.send(half);
    });
    gateway.exchange(get());
    EXPECT_EQ(outcome(gateway), (Outcome{200, "upstream_closed_early"}));
    EXPECT_EQ(ends(gateway), (Counts{{"upstream_failed", 1}}));
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(EndOfAConnection, whose_client_leaves_within_an_exchange_is_a_reset) {
  const auto half = std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  for (const auto& [sent, reads] : {std::pair{std::string(), false}, {half, true}}) {
    GatewayWorld gateway(kOne);
    gateway.origin(3000, saying(gateway, sent, ""));
    ask_and_leave(gateway, reads);
    EXPECT_EQ(ends(gateway), (Counts{{"reset", 1}})) << sent;
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(EndOfAConnection, whose_request_body_is_malformed_says_so) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> { co_await peer.receive(); });
  gateway.exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  EXPECT_EQ(outcome(gateway), (Outcome{400, "invalid_chunk"}));
  gateway.world().run_for(5s);
  EXPECT_EQ(ends(gateway), (Counts{{"malformed", 1}}));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(EndOfAConnection, that_was_to_be_closed_is_finished) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, answering("HTTP/1.1 204 No Content\r\n\r\n"));
  gateway.exchange(get("Connection: close\r\n"));
  gateway.world().run_for(5s);
  EXPECT_EQ(ends(gateway), (Counts{{"finished", 1}}));
  EXPECT_TRUE(gateway.wind_up());
}

enum class TunnelEnd { upstream, client, silence };

TEST(EndOfAConnection, that_was_a_tunnel_is_one_of_a_tunnel) {
  for (const auto end : {TunnelEnd::upstream, TunnelEnd::client, TunnelEnd::silence}) {
    GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080, limits: { tunnel_timeout: 5s } }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ upstream: app }]
)");
    gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
      co_await peer.receive_until("\r\n\r\n");
      co_await peer.send(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
      if (end != TunnelEnd::upstream) co_await peer.receive();
    });
    auto client = [&]() -> Task<void> {
      auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
      co_await peer->send(get("Upgrade: websocket\r\nConnection: Upgrade\r\n"));
      co_await peer->receive_until("\r\n\r\n");
      if (end != TunnelEnd::client) co_await peer->receive();
    };
    EXPECT_TRUE(gateway.world().run(client()));
    gateway.world().run_for(20s);
    EXPECT_EQ(ends(gateway), (Counts{{"tunnel_ended", 1}})) << static_cast<int>(end);
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(LeavingClient, does_not_change_why_it_was_refused) {
  bool failed = true;
  for (std::uint64_t n = 1; failed; ++n) {
    GatewayWorld gateway(kOne);
    gateway.world().faults().fail_operation(n, Fault::reset);
    gateway.exchange(get("Connection: close\r\n"));
    failed = gateway.world().faults().has_failed_it();
    EXPECT_TRUE(gateway.wind_up());
    if (gateway.hooks().status != 502) continue;
    EXPECT_TRUE(outcome(gateway).reason.starts_with("upstream_")) << n << " " << outcome(gateway);
  }
}

TEST(Drain, that_cuts_an_exchange_is_its_reason) {
  const auto half = std::string("HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nhalf");
  for (const auto& [sent, status] : {std::pair{std::string(), 503}, {half, 201}}) {
    GatewayWorld gateway(kOne);
    gateway.origin(3000, saying(gateway, sent, ""));
    auto client = [&]() -> Task<void> {
      auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
      co_await peer->send(get());
      co_await peer->receive();
    };
    gateway.world().spawn(client());
    gateway.world().run_for(1s);
    gateway.cut();
    gateway.world().run_for(1s);
    EXPECT_EQ(outcome(gateway), (Outcome{status, "drained"}));
    EXPECT_EQ(counted(gateway), (Counts{{std::to_string(status / 100) + "xx drained", 1}}));
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(Drain, that_cuts_an_upload_is_its_reason) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> { co_await peer.receive(); });
  auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    co_await peer->receive();
  };
  gateway.world().spawn(client());
  gateway.world().run_for(1s);
  gateway.cut();
  gateway.world().run_for(1s);
  EXPECT_EQ(outcome(gateway), (Outcome{503, "drained"}));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(ConnectionLimit, refuses_with_the_body_of_the_whole_a_date_and_an_id) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080, limits: { connections: 1 } }]
routes:    [{ respond: { body: hi } }]
refusal:   { content_type: text/html, body: "<p>{status} {reason} {request_id}" }
)");
  std::string answer;
  auto client = [&]() -> Task<void> {
    auto first = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await first->send(get());
    co_await first->receive_until("hi");
    auto second = co_await sim::connect(gateway.world().network(), gateway.address());
    answer = co_await second->receive();
  };
  EXPECT_TRUE(gateway.world().run(client()));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << answer;
  EXPECT_TRUE(has(answer, "Content-Type: text/html\r\n")) << answer;
  EXPECT_TRUE(
      has(answer, "Proxy-Status: sluice; error=connection_limit_reached; details=\"connection_limit\"\r\n"))
      << answer;
  for (const char* field :
       {"\r\nDate: ", "\r\nRetry-After: 1\r\n", "\r\nConnection: close\r\n", "\r\nX-Request-Id: "}) {
    EXPECT_TRUE(has(answer, field)) << field << answer;
  }
  auto id = answer.substr(answer.find("X-Request-Id: ") + 14, 32);
  auto body = "<p>503 connection_limit " + id;
  EXPECT_TRUE(has(answer, "Content-Length: " + std::to_string(body.size()) + "\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body)) << answer;
  EXPECT_EQ(counted(gateway), (Counts{{"2xx none", 1}})) << "it is no request";
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Loop, is_noticed_after_a_few_rounds) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080, limits: { connections: 200 } }]
upstreams: { self: [127.0.0.1:8080] }
routes:    [{ upstream: self }]
)");
  auto answer = gateway.exchange(get("Connection: close\r\n"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 508 ")) << answer;
  EXPECT_TRUE(has(answer, "\"reason\":\"loop_detected\"")) << answer;
  EXPECT_EQ(gateway.hooks().requests, 5);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Loop, is_not_seen_in_a_chain_of_others) {
  GatewayWorld gateway(kOne);
  std::string seen;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    seen = co_await peer.receive_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    co_await peer.receive();
  });
  auto others = std::string("Via: ");
  for (int i = 0; i < 10; ++i) others += "1.1 sluice (0000000" + std::to_string(i) + "), ";
  auto answer = gateway.exchange(get("Connection: close\r\n" + others + "1.1 sluice\r\n"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 204 ")) << answer;
  EXPECT_TRUE(has(seen, "(00000009), 1.1 sluice, 1.1 sluice (")) << seen;
  EXPECT_TRUE(gateway.wind_up());
}

}  // namespace
}  // namespace sluice::runtime::testing
