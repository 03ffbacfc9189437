// gRPC calls through the whole gateway, framed in HTTP/1.1: what makes a call one is its Content-Type.
#include <string>

#include "runtime/gateway_world.h"

namespace sluice::runtime::testing {
namespace {

constexpr std::string_view kConfig = R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: { endpoints: [127.0.0.1:3000], timeouts: { first_byte: 5m, idle: 60s } } }
routes:
  - { name: all, upstream: app, timeout: 60s }
  - { match: { path: /own.S/* }, refusal: { body: "own" }, upstream: app }
  - { match: { path: /held.S/* }, upstream: app, buffer_request: 1KiB }
  - { match: { path: /little.S/* }, upstream: app, max_body: 4B }
  - { match: { host: b.example }, upstream: app }
)";

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kOk = "0\r\ngrpc-status: 0\r\n\r\n";

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string call(std::string_view more = "", std::string_view path = "/p.S/M") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/grpc\r\nTE: trailers\r\n" +
         "Connection: TE, close\r\n" + std::string(more) + "Content-Length: 5\r\n\r\n" + std::string(5, '\0');
}

std::string grpc_timeout_of(std::string_view request) {
  const auto at = request.find("grpc-timeout: ");
  return at == request.npos ? "" : std::string(request.substr(at + 14, request.find('\r', at) - at - 14));
}

// Answers the head at once, then waits; remembers the request.
GatewayWorld::Origin silent(std::string& seen, std::string first = "") {
  return [&seen, first](sim::Peer& peer) -> Task<void> {
    seen = co_await peer.receive_until("\r\n\r\n");
    if (!first.empty()) co_await peer.send(first);
    co_await peer.receive();
  };
}

struct Answer {
  std::string text;
  Duration took{};
};

// What a client gets that has all the patience in the world, and after how long.
Answer answer_to(GatewayWorld& gateway, std::string request) {
  Answer answer;
  const auto client = [&]() -> Task<void> {
    const auto begun = gateway.world().now();
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(request);
    answer.text = co_await peer->receive();
    answer.took = gateway.world().now() - begun;
  };
  EXPECT_TRUE(gateway.world().run(client()));
  return answer;
}

std::uint64_t counted(GatewayWorld& gateway, std::string_view route, std::optional<http::GrpcStatus> status) {
  std::uint64_t calls = 0;
  gateway.shard().route(route).traffic()->calls.each(
      [&](const telemetry::RouteMetrics::CallOutcome& outcome) {
        if (outcome.status == status) calls += outcome.calls.value();
      });
  return calls;
}

TEST(GrpcCall, is_refused_with_200_and_its_status_in_the_head) {
  GatewayWorld gateway(kConfig);
  gateway.world().faults().connects_to(*net::Address::parse("127.0.0.1:3000"), Fault::refused);
  const auto answer = gateway.exchange(call("X-Request-Id: r-1\r\n"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(has(answer, "Content-Type: application/grpc\r\n")) << answer;
  EXPECT_TRUE(has(answer, "grpc-status: 14\r\n")) << answer;
  EXPECT_TRUE(
      has(answer, "grpc-message: upstream_connect_refused: Nothing listens at the upstream's address.\r\n"))
      << answer;
  EXPECT_TRUE(has(answer, "Proxy-Status: sluice; error=connection_refused")) << answer;
  EXPECT_TRUE(has(answer, "X-Request-Id: r-1\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << "there is no body: " << answer;
  EXPECT_EQ(gateway.hooks().status, 200);
  EXPECT_EQ(gateway.hooks().reason, http::Reason::upstream_connect_refused);
  EXPECT_EQ(counted(gateway, "all", http::GrpcStatus::unavailable), 1u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcCall, without_a_route_is_unimplemented) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080 }]
routes:    [{ match: { path: /a }, respond: { body: hello } }]
)");
  EXPECT_TRUE(has(gateway.exchange(call()), "grpc-status: 12\r\n"));
  EXPECT_TRUE(has(gateway.exchange(call("", "/a")), "\r\n\r\nhello")) << "what a route answers is no refusal";
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcCall, that_is_refused_keeps_no_body_of_the_routes_own) {
  GatewayWorld gateway(kConfig);
  gateway.world().faults().connects_to(*net::Address::parse("127.0.0.1:3000"), Fault::refused);
  const auto answer = gateway.exchange(call("", "/own.S/M"));
  EXPECT_TRUE(has(answer, "grpc-status: 14\r\n")) << answer;
  EXPECT_TRUE(has(answer, "Content-Type: application/grpc\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcCall, whose_message_is_too_large_has_exhausted_a_resource) {
  GatewayWorld gateway(kConfig);
  EXPECT_TRUE(has(gateway.exchange(call("", "/little.S/M")), "grpc-status: 8\r\n"));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcCall, that_is_malformed_is_told_so_too) {
  GatewayWorld gateway(kConfig);
  const auto answer = gateway.exchange(call("Expect: the-impossible\r\n"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(has(answer, "grpc-status: 2\r\n")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcCall, is_not_what_a_call_of_grpc_web_is_or_another_media_type) {
  GatewayWorld gateway(kConfig);
  gateway.world().faults().connects_to(*net::Address::parse("127.0.0.1:3000"), Fault::refused);
  const auto ask = [&](std::string_view type) {
    return gateway.exchange(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\nContent-Type: " +
        std::string(type) + "\r\n\r\n");
  };
  EXPECT_TRUE(has(ask("application/grpc-web+proto"), "Content-Type: application/grpc-web\r\n"));
  EXPECT_TRUE(ask("application/json").starts_with("HTTP/1.1 502 "));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcCall, that_is_out_of_time_before_its_client_has_said_all_is_told_so) {
  GatewayWorld gateway(kConfig);
  std::string seen;
  gateway.origin(3000, silent(seen));
  const auto answer =
      answer_to(gateway,
                "POST /p.S/M HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/grpc\r\n"
                "grpc-timeout: 2S\r\nContent-Length: 10\r\n\r\n" +
                    std::string(5, '\0'));
  EXPECT_TRUE(has(answer.text, "grpc-status: 4\r\n")) << answer.text;
  EXPECT_EQ(gateway.hooks().reason, http::Reason::grpc_timeout);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcCall, has_the_status_of_its_trailers_counted) {
  GatewayWorld gateway(kConfig);
  gateway.origin(
      3000, answering(std::string(kHead) + "5\r\nhello\r\n0\r\ngrpc-status: 5\r\ngrpc-message: x\r\n\r\n"));
  const auto answer = gateway.exchange(call());
  EXPECT_TRUE(has(answer, "0\r\ngrpc-status: 5\r\ngrpc-message: x\r\n\r\n")) << answer;
  EXPECT_EQ(counted(gateway, "all", http::GrpcStatus::not_found), 1u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcCall, has_the_status_of_a_head_without_trailers_counted) {
  GatewayWorld gateway(kConfig);
  gateway.origin(3000, answering("HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\ngrpc-status: "
                                 "16\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_TRUE(has(gateway.exchange(call()), "grpc-status: 16\r\n"));
  EXPECT_EQ(counted(gateway, "all", http::GrpcStatus::unauthenticated), 1u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcCall, that_ends_without_a_status_is_counted_too) {
  GatewayWorld gateway(kConfig);
  gateway.origin(3000, answering("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_TRUE(gateway.exchange(call()).starts_with("HTTP/1.1 502 "))
      << "what an upstream says is not touched";
  EXPECT_EQ(counted(gateway, "all", std::nullopt), 1u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcCall, whose_client_leaves_has_no_status) {
  GatewayWorld gateway(kConfig);
  std::string seen;
  gateway.origin(3000, silent(seen));
  const auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(call());
    peer->close();
  };
  EXPECT_TRUE(gateway.world().run(client()));
  gateway.world().run_for(1s);
  EXPECT_EQ(gateway.hooks().done, 1);
  EXPECT_EQ(gateway.hooks().status, 499);
  EXPECT_EQ(gateway.hooks().reason, http::Reason::client_closed);
  EXPECT_EQ(counted(gateway, "all", std::nullopt), 1u);
  EXPECT_TRUE(gateway.wind_up());
}

// A call that nothing answers ends with DEADLINE_EXCEEDED at this time, for this reason.
void expect_out_of_time(std::string_view timeout, Duration after, http::Reason reason) {
  GatewayWorld gateway(kConfig);
  std::string seen;
  gateway.origin(3000, silent(seen));
  const auto [answer, took] = answer_to(gateway, call(timeout));
  EXPECT_TRUE(has(answer, "HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(has(answer, "grpc-status: 4\r\n")) << answer;
  EXPECT_EQ(gateway.hooks().reason, reason);
  EXPECT_TRUE(took >= after && took < after + 100ms) << took / 1ms;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcTimeout, is_the_deadline_of_the_call) {
  expect_out_of_time("grpc-timeout: 2S\r\n", 2s, http::Reason::grpc_timeout);
}

TEST(GrpcTimeout, longer_than_the_routes_leaves_the_route_its_time) {
  expect_out_of_time("grpc-timeout: 1H\r\n", 60s, http::Reason::route_timeout);
}

TEST(GrpcTimeout, goes_on_as_what_is_left_of_it) {
  GatewayWorld gateway(kConfig);
  std::string seen;
  gateway.origin(3000, silent(seen, std::string(kHead) + std::string(kOk)));
  const auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    auto head = call("grpc-timeout: 2S\r\n", "/held.S/M");
    const auto body = head.substr(head.size() - 5);
    head.resize(head.size() - 5);
    co_await peer->send(head);
    co_await gateway.world().loop().sleep(500ms);
    co_await peer->send(body);
    co_await peer->receive();
  };
  EXPECT_TRUE(gateway.world().run(client()));
  const auto left = http::parse_grpc_timeout(grpc_timeout_of(seen));
  ASSERT_TRUE(left) << seen;
  EXPECT_TRUE(*left <= 1500ms && *left > 1400ms) << *left / 1ms;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcTimeout, holds_for_the_whole_stream_though_the_routes_does_not) {
  GatewayWorld gateway(kConfig);
  int sent = 0;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send(kHead);
    while (co_await peer.send("2\r\nhi\r\n")) {
      sent += 1;
      co_await gateway.world().loop().sleep(20s);
    }
  });
  const auto [answer, took] = answer_to(gateway, call("grpc-timeout: 5M\r\n"));
  EXPECT_TRUE(took >= 300s && took < 301s) << took / 1ms;
  EXPECT_EQ(sent, 15);
  EXPECT_FALSE(answer.ends_with("0\r\n\r\n")) << "it is broken off";
  EXPECT_EQ(gateway.hooks().reason, http::Reason::grpc_timeout);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Streaming, goes_on_beyond_the_time_of_its_route_as_long_as_it_moves) {
  for (std::string_view type : {"text/event-stream", "application/grpc"}) {
    GatewayWorld gateway(kConfig);
    gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
      co_await peer.receive_until("\r\n\r\n");
      co_await peer.send(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: " + std::string(type) + "\r\n\r\n");
      for (int i = 0; i < 10; ++i) {
        co_await gateway.world().loop().sleep(50s);
        co_await peer.send("2\r\nhi\r\n");
      }
      co_await peer.receive();
    });
    std::vector<Duration> came;
    Duration ended{};
    const auto client = [&]() -> Task<void> {
      const auto begun = gateway.world().now();
      auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
      co_await peer->send(call());
      while (!(co_await peer->receive_until("hi")).empty() && peer->fault() == Fault::none && !peer->at_end())
        came.push_back(gateway.world().now() - begun);
      ended = gateway.world().now() - begun;
    };
    EXPECT_TRUE(gateway.world().run(client()));
    ASSERT_EQ(came.size(), 10u) << type;
    for (std::size_t i = 0; i < came.size(); ++i)
      EXPECT_LT(came[i], 50s * (i + 1) + 1s) << "none is held back";
    EXPECT_TRUE(ended >= 560s && ended < 561s) << "an upstream that falls silent ends it: " << ended / 1ms;
    EXPECT_EQ(gateway.hooks().reason, http::Reason::upstream_idle_timeout);
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(GrpcTimeout, ends_a_wait_for_a_connection_too) {
  GatewayWorld gateway(kConfig);
  gateway.world().faults().connects_to(*net::Address::parse("127.0.0.1:3000"), Fault::timed_out);
  const auto [answer, took] = answer_to(gateway, call("grpc-timeout: 300m\r\n"));
  EXPECT_TRUE(has(answer, "grpc-status: 4\r\n")) << answer;
  EXPECT_EQ(gateway.hooks().reason, http::Reason::grpc_timeout);
  EXPECT_TRUE(took >= 300ms && took < 400ms) << took / 1ms;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcTimeout, that_has_passed_already_asks_no_upstream) {
  GatewayWorld gateway(kConfig);
  EXPECT_TRUE(has(gateway.exchange(call("grpc-timeout: 0n\r\n")), "grpc-status: 4\r\n"));
  EXPECT_EQ(gateway.world().network().connects(), 1u) << "the client's own";
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcTimeout, that_is_malformed_is_refused) {
  GatewayWorld gateway(kConfig);
  const auto answer = gateway.exchange(call("grpc-timeout: 5 seconds\r\n"));
  EXPECT_TRUE(has(answer, "grpc-status: 13\r\n")) << answer;
  EXPECT_TRUE(has(answer, "grpc-message: invalid_grpc_timeout: ")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcTimeout, means_nothing_where_the_request_is_no_call) {
  GatewayWorld gateway(kConfig);
  std::string seen;
  gateway.origin(3000, silent(seen, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  const auto answer =
      gateway.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\ngrpc-timeout: soon\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("ok")) << answer;
  EXPECT_EQ(grpc_timeout_of(seen), "soon");
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcTimeout, leaves_no_trace_on_the_next_call_of_a_connection) {
  GatewayWorld gateway(kConfig);
  std::string seen;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    for (;;) {
      seen = co_await peer.receive_until("\r\n\r\n");
      if (peer.at_end() || peer.fault() != Fault::none) co_return;
      co_await peer.receive_until(std::string(5, '\0'));
      co_await peer.send(std::string(kHead) + std::string(kOk));
    }
  });
  const auto client = [&]() -> Task<std::string> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    auto kept = call("grpc-timeout: 1S\r\n");
    kept.replace(kept.find(", close"), 7, "");
    co_await peer->send(kept);
    auto first = co_await peer->receive_until("grpc-status: 0\r\n\r\n");
    co_await gateway.world().loop().sleep(5s);
    co_await peer->send(call());
    co_return first + co_await peer->receive();
  };
  const auto answer = gateway.world().run(client());
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->ends_with("grpc-status: 0\r\n\r\n")) << *answer;
  EXPECT_EQ(grpc_timeout_of(seen), "");
  EXPECT_EQ(counted(gateway, "all", http::GrpcStatus::ok), 2u);
  EXPECT_TRUE(gateway.wind_up());
}

}  // namespace
}  // namespace sluice::runtime::testing
