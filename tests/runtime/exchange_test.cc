// What happens to single exchanges, with origins and clients of every kind.
#include <algorithm>

#include "runtime/gateway_world.h"

namespace sluice::runtime::testing {
namespace {

using ::testing::Test;

constexpr std::string_view kOne = R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ name: all, upstream: app }]
)";

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string get(std::string_view path = "/", std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a.example\r\n" + std::string(more) + "\r\n";
}

// Remembers what it was sent and answers with fixed bytes.
struct Recorder {
  std::vector<std::string> requests;
  GatewayWorld::Origin origin(std::string response) {
    return [this, response](sim::Peer& peer) -> Task<void> {
      for (;;) {
        auto request = co_await peer.receive_until("\r\n\r\n");
        if (!has(request, "\r\n\r\n")) co_return;
        requests.push_back(request);
        if (!co_await peer.send(response)) co_return;
      }
    };
  }
};

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST(Exchange, carries_a_response_back) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, answering(std::string(kOk)));
  auto answer = gateway.exchange(get("/", "Connection: close\r\n"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nok")) << answer;
  EXPECT_TRUE(has(answer, "Via: 1.1 sluice\r\n")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, says_that_no_descriptor_was_left_for_its_upstream_connection) {
  GatewayWorld gateway(kOne);
  gateway.world().faults().connects_to(*net::Address::parse("127.0.0.1:3000"), Fault::no_descriptors);
  ::testing::internal::CaptureStderr();
  const auto answer = gateway.exchange(get() + get("/", "Connection: close\r\n"));
  const auto log = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_TRUE(has(answer, "\"reason\":\"no_descriptors\"")) << answer;
  EXPECT_TRUE(has(log, "error upstream app: no file descriptor was left for a connection, 1 time;")) << log;
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << "the second within 10 s is not said: " << log;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, tells_the_upstream_who_asks_and_drops_what_is_for_one_hop) {
  GatewayWorld gateway(kOne);
  Recorder recorder;
  gateway.origin(3000, recorder.origin(std::string(kOk)));
  gateway.exchange(get("/a?b=1",
                       "Connection: close, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=5\r\n"
                       "X-Forwarded-For: 6.6.6.6\r\nX-Request-Id: abc-1\r\n"));
  ASSERT_EQ(recorder.requests.size(), 1u);
  const auto& request = recorder.requests[0];
  EXPECT_TRUE(request.starts_with("GET /a?b=1 HTTP/1.1\r\nHost: a.example\r\n")) << request;
  EXPECT_TRUE(has(request, "X-Forwarded-For: 127.0.0.1\r\n")) << request;
  EXPECT_TRUE(has(request, "X-Request-Id: abc-1\r\n")) << request;
  EXPECT_FALSE(has(request, "6.6.6.6")) << "an untrusted peer is not believed";
  EXPECT_FALSE(has(request, "X-Secret")) << request;
  EXPECT_FALSE(has(request, "Keep-Alive")) << request;
  EXPECT_FALSE(has(request, "Connection")) << request;
}

TEST(Exchange, goes_over_a_connection_that_was_introduced_as_its_client) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080, proxy_protocol: true, trusted_proxies: [127.0.0.1] }]
upstreams: { app: { endpoints: [127.0.0.1:3000], proxy_protocol: v1 } }
routes:    [{ name: all, upstream: app }]
)");
  std::vector<std::string> headers;
  bool client_saw_all = false;
  bool upstream_saw_the_end = false;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    headers.push_back(co_await peer.receive_until("\r\n"));
    for (;;) {
      auto request = co_await peer.receive_until("\r\n\r\n");
      if (!has(request, "\r\n\r\n")) break;
      co_await peer.send(kOk);
    }
    upstream_saw_the_end = client_saw_all;
  });
  const auto visit = [&](std::string_view port) -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("PROXY TCP4 203.0.113.7 198.51.100.1 " + std::string(port) + " 80\r\n" + get());
    co_await peer->receive_until("\r\n\r\nok");
    // Who else a request came through, its fields say; the connection is the load balancer's client's.
    co_await peer->send(get("/", "X-Forwarded-For: 192.0.2.1\r\n"));
    co_await peer->receive_until("\r\n\r\nok");
    client_saw_all = true;
  };
  EXPECT_TRUE(gateway.world().run(visit("5001")));
  gateway.world().run_for(1s);
  EXPECT_TRUE(upstream_saw_the_end) << "the upstream's connection ends with the client's";
  EXPECT_TRUE(gateway.world().run(visit("5002")));
  EXPECT_EQ(headers, (std::vector<std::string>{"PROXY TCP4 203.0.113.7 198.51.100.1 5001 80\r\n",
                                               "PROXY TCP4 203.0.113.7 198.51.100.1 5002 80\r\n"}));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, serves_pipelined_requests_in_order) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> {
    for (;;) {
      auto request = co_await peer.receive_until("\r\n\r\n");
      if (!has(request, "\r\n\r\n")) co_return;
      auto path = request.substr(4, request.find(' ', 4) - 4);
      co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + path);
    }
  });
  auto answer = gateway.exchange(get("/1") + get("/2") + get("/3", "Connection: close\r\n"));
  auto one = answer.find("\r\n\r\n/1"), two = answer.find("\r\n\r\n/2"), three = answer.find("\r\n\r\n/3");
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
  EXPECT_NE(three, answer.npos) << answer;
  EXPECT_EQ(gateway.world().network().connects(), 2u) << "the upstream connection is reused";
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, streams_a_chunked_body_and_its_trailers_both_ways) {
  GatewayWorld gateway(kOne);
  std::string seen;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    seen = co_await peer.receive_until("X-Sum: 1\r\n\r\n");
    co_await peer.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Back\r\n\r\n3\r\nabc\r\n0\r\nX-Back: "
        "2\r\n\r\n");
    co_await peer.receive();
  });
  auto answer = gateway.exchange(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "5\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n");
  EXPECT_TRUE(has(seen, "Transfer-Encoding: chunked\r\n")) << seen;
  EXPECT_TRUE(has(seen, "hello") && has(seen, " world") && has(seen, "0\r\nX-Sum: 1\r\n\r\n")) << seen;
  EXPECT_TRUE(has(answer, "3\r\nabc\r\n0\r\nX-Back: 2\r\n\r\n")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, gives_http_1_0_clients_a_body_that_ends_with_the_connection) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000,
                 answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
  auto answer = gateway.exchange("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_FALSE(has(answer, "chunked")) << answer;
  EXPECT_TRUE(has(answer, "Connection: close\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nabc")) << answer;
}

TEST(Exchange, sends_no_body_with_head_204_and_304) {
  for (std::string_view response :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"}) {
    GatewayWorld gateway(kOne);
    gateway.origin(3000, answering(std::string(response)));
    auto answer = gateway.exchange(get() + get("/", "Connection: close\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
    EXPECT_FALSE(has(answer, "Content-Length")) << answer;
    EXPECT_TRUE(gateway.wind_up());
  }
  GatewayWorld gateway(kOne);
  gateway.origin(3000, answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"));
  auto answer = gateway.exchange("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(answer, "Content-Length: 100\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, passes_interim_responses_on) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
    auto body = co_await peer.receive_until("hello");
    co_await peer.send(
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    co_await peer.receive();
  });
  auto client = [&]() -> Task<std::string> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    auto first = co_await peer->receive_until("\r\n\r\n");
    co_await peer->send("hello");
    co_return first + co_await peer->receive_until("\r\n\r\nok");
  };
  auto answer = gateway.world().run(client());
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n")) << *answer;
  EXPECT_TRUE(has(*answer, "HTTP/1.1 200 OK\r\n")) << *answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, becomes_a_tunnel_after_101) {
  GatewayWorld gateway(kOne);
  std::string request;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    request = co_await peer.receive_until("\r\n\r\n");
    co_await peer.send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nwelcome");
    auto word = co_await peer.receive_until("ping");
    co_await peer.send("pong");
    co_await peer.receive();
  });
  auto client = [&]() -> Task<std::string> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(get("/ws", "Upgrade: websocket\r\nConnection: Upgrade\r\n"));
    auto first = co_await peer->receive_until("welcome");
    co_await peer->send("ping");
    auto second = co_await peer->receive_until("pong");
    co_return first + second;
  };
  auto answer = gateway.world().run(client());
  ASSERT_TRUE(answer);
  EXPECT_TRUE(has(request, "Connection: upgrade\r\n") && has(request, "Upgrade: websocket\r\n")) << request;
  EXPECT_TRUE(answer->starts_with("HTTP/1.1 101 ")) << *answer;
  EXPECT_TRUE(has(*answer, "Upgrade: websocket\r\n")) << *answer;
  EXPECT_TRUE(answer->ends_with("welcomepong")) << *answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, refuses_a_broken_request_says_why_and_serves_nothing_behind_it) {
  GatewayWorld gateway(kOne);
  Recorder recorder;
  gateway.origin(3000, recorder.origin(std::string(kOk)));
  auto answer = gateway.exchange(
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + get("/next"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_TRUE(has(answer, "\"reason\":\"ambiguous_framing\"")) << answer;
  EXPECT_TRUE(has(answer, "Proxy-Status: sluice; error=http_request_error")) << answer;
  EXPECT_TRUE(has(answer, "Connection: close\r\n")) << answer;
  EXPECT_EQ(answer.find("HTTP/1.1", 8), answer.npos) << "one response only";
  EXPECT_TRUE(recorder.requests.empty());
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, explains_each_way_an_upstream_fails) {
  struct Case {
    std::string_view response;
    std::string_view reason;
    int status;
  };
  for (auto [response, reason, status] : {
           Case{"", "upstream_closed_early", 502},
           Case{"HTTP/1.1 2", "upstream_closed_early", 502},
           Case{"nonsense\r\n\r\n", "upstream_malformed", 502},
           Case{"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "upstream_malformed", 502},
           Case{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
                "upstream_ambiguous_framing", 502},
           Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "upstream_transfer_coding",
                502},
           Case{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "upstream_unexpected_upgrade", 502},
       }) {
    GatewayWorld gateway(kOne);
    gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
      co_await peer.receive_until("\r\n\r\n");
      if (!response.empty()) co_await peer.send(response);
    });
    auto answer = gateway.exchange(get("/", "Connection: close\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status))) << response << answer;
    EXPECT_TRUE(has(answer, "\"reason\":\"" + std::string(reason) + "\"")) << response << answer;
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(Exchange, says_that_nobody_listens) {
  GatewayWorld gateway(kOne);
  auto answer = gateway.exchange(get("/", "Connection: close\r\n"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_TRUE(has(answer, "upstream_connect_refused")) << answer;
  EXPECT_TRUE(has(answer, "next-hop=\"127.0.0.1:3000\"")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, ends_with_504_when_the_upstream_is_silent) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: { endpoints: [127.0.0.1:3000], timeouts: { first_byte: 2s } } }
routes:    [{ upstream: app, timeout: 10s }]
)");
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> { co_await peer.receive(); });
  auto before = gateway.world().now();
  auto answer = gateway.exchange(get("/", "Connection: close\r\n"));
  auto took = gateway.world().now() - before;
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 504 ")) << answer;
  EXPECT_TRUE(has(answer, "upstream_timeout")) << answer;
  EXPECT_GE(took, 2s);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, holds_the_route_to_its_timeout) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ upstream: app, timeout: 3s }]
)");
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> { co_await peer.receive(); });
  auto answer = gateway.exchange(get("/", "Connection: close\r\n"));
  EXPECT_TRUE(has(answer, "route_timeout")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, retries_a_stale_idle_connection_once_on_a_fresh_one) {
  GatewayWorld gateway(kOne);
  int connections = 0;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    bool first = ++connections == 1;
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send(kOk);
    co_await peer.receive_until("\r\n\r\n");
    if (first) co_return;  // takes the second request and closes without a word
    co_await peer.send(kOk);
    co_await peer.receive();
  });
  auto answer = gateway.exchange(get("/1") + get("/2", "Connection: close\r\n"));
  EXPECT_EQ(connections, 2);
  EXPECT_NE(answer.find("HTTP/1.1 200", 10), answer.npos) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, does_not_repeat_a_post_that_may_have_been_acted_on) {
  GatewayWorld gateway(kOne);
  int requests = 0;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    requests += 1;
    co_await peer.send(kOk);
    co_await peer.receive_until("body");
    requests += 1;
  });
  auto answer = gateway.exchange(
      get("/1") + "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody");
  EXPECT_EQ(requests, 2);
  EXPECT_TRUE(has(answer, "HTTP/1.1 502 ")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, goes_to_another_endpoint_when_one_refuses) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3001, 127.0.0.1:3000] }
routes:    [{ upstream: app }]
)");
  gateway.origin(3000, answering(std::string(kOk)));
  for (int i = 0; i < 4; ++i) {
    auto answer = gateway.exchange(get("/", "Connection: close\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  }
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, gives_up_the_upstream_when_the_client_leaves) {
  GatewayWorld gateway(kOne);
  bool gone = false;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.receive();
    gone = true;
  });
  auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(get());
    co_await gateway.world().loop().sleep(1s);
  };
  EXPECT_TRUE(gateway.world().run(client()));
  gateway.world().run_for(100ms);
  EXPECT_TRUE(gone) << "the upstream connection is given up at once";
  bool logged = false;
  gateway.shard().each_route([&](const telemetry::RouteMetrics& route) {
    if (!route.traffic()) return;
    for (const auto& outcomes : route.traffic()->outcomes) {
      outcomes.each([&](const auto& outcome) { logged |= outcome.reason == http::Reason::client_closed; });
    }
  });
  EXPECT_TRUE(logged);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, breaks_off_a_response_that_the_upstream_does_not_complete) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  });
  auto client = [&]() -> Task<Fault> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(get());
    co_await peer->receive();
    co_return peer->fault();
  };
  EXPECT_EQ(gateway.world().run(client()), Fault::reset) << "never an orderly end";
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, answers_413_before_a_body_that_is_too_large_is_read) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ upstream: app, max_body: 10B }]
)");
  Recorder recorder;
  gateway.origin(3000, recorder.origin(std::string(kOk)));
  auto answer = gateway.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
  auto chunked = gateway.exchange(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n1e\r\n012345678901234567890123456789\r\n0\r\n\r\n");
  EXPECT_TRUE(has(chunked, "body_too_large")) << chunked;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, passes_an_early_response_on_while_the_client_still_sends) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    co_await peer.receive();
  });
  auto client = [&]() -> Task<std::string> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome");
    co_return co_await peer->receive();
  };
  auto answer = gateway.world().run(client());
  ASSERT_TRUE(answer) << "it hangs";
  EXPECT_TRUE(answer->starts_with("HTTP/1.1 403 ")) << *answer;
  EXPECT_TRUE(answer->ends_with("\r\n\r\nno")) << *answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, lets_an_origin_answer_while_it_reads) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
    for (int i = 0; i < 200; ++i) {
      auto piece = co_await peer.receive(1000);
      co_await peer.send(piece);
    }
    co_await peer.receive();
  });
  auto client = [&]() -> Task<std::size_t> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
    co_await peer->receive_until("\r\n\r\n");
    std::size_t back = 0;
    for (int i = 0; i < 20; ++i) {
      std::string piece(10000, static_cast<char>('a' + i));
      co_await peer->send(piece);
      piece = co_await peer->receive(10000);
      back += piece.size();
    }
    co_return back;
  };
  EXPECT_EQ(gateway.world().run(client()), 200000u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, gives_refusals_the_body_that_the_route_wants) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ name: r, upstream: app, refusal: { content_type: application/json, body: '{{"why":"{reason}"}}' } }]
)");
  auto answer = gateway.exchange(get("/", "Connection: close\r\n"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_TRUE(has(answer, "Content-Type: application/json\r\n")) << answer;
  EXPECT_TRUE(has(answer, "Proxy-Status: sluice; error=connection_refused")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n{\"why\":\"upstream_connect_refused\"}")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, gives_refusals_without_a_body_of_the_route_that_of_the_whole) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
refusal:   { content_type: text/html, body: "whole {status} {reason} <{route}>" }
middlewares: { words: { refusal: { body: shared } } }
routes:
  - { name: plain, match: { path: /plain, method: GET }, upstream: app }
  - { match: { path: /own }, upstream: app, refusal: { body: own } }
  - { match: { path: /shared }, upstream: app, middlewares: words }
  - { match: { path: /fine }, respond: { status: 503, body: fine } }
)");
  const auto answer = [&](std::string_view path) {
    return gateway.exchange(get(path, "Connection: close\r\n"));
  };
  const auto unmatched = answer("/nowhere");
  EXPECT_TRUE(unmatched.starts_with("HTTP/1.1 404 ")) << unmatched;
  EXPECT_TRUE(has(unmatched, "Content-Type: text/html\r\n")) << unmatched;
  EXPECT_TRUE(unmatched.ends_with("\r\n\r\nwhole 404 no_route <>")) << unmatched;
  EXPECT_TRUE(answer("/plain").ends_with("\r\n\r\nwhole 502 upstream_connect_refused <plain>"));
  EXPECT_TRUE(answer("/own").ends_with("\r\n\r\nown"));
  EXPECT_TRUE(answer("/shared").ends_with("\r\n\r\nshared"));
  EXPECT_TRUE(answer("/fine").ends_with("\r\n\r\nfine"));
  const auto malformed = gateway.exchange("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  EXPECT_TRUE(malformed.ends_with("\r\n\r\nwhole 400 invalid_host <>")) << malformed;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, ends_at_once_when_a_drain_cuts_it_while_the_upstream_is_silent) {
  GatewayWorld gateway(kOne);
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> { co_await peer.receive(); });
  auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(get());
    co_await peer->receive();
  };
  gateway.world().spawn(client());
  gateway.world().run_for(10ms);
  EXPECT_EQ(gateway.connections(), 1u);
  gateway.cut();
  gateway.world().run_for(1ms);
  EXPECT_EQ(gateway.connections(), 0u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, refuses_connect_whatever_the_routes_take) {
  GatewayWorld gateway(kOne);
  Recorder recorder;
  gateway.origin(3000, recorder.origin(std::string(kOk)));
  auto answer =
      gateway.exchange("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(answer, "upgrade_refused")) << answer;
  EXPECT_TRUE(recorder.requests.empty());
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, takes_off_what_a_stranger_claims_before_the_configuration_puts_it_on) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:
  - { match: { header: { X-Forwarded-Server: evil } }, respond: { status: 204 } }
  - upstream: app
    request_headers: { set: { X-Real-IP: "{client.ip}", X-Forwarded-Prefix: /api } }
)");
  Recorder recorder;
  gateway.origin(3000, recorder.origin(std::string(kOk)));
  gateway.exchange(get(
      "/",
      "X-Forwarded-Server: evil\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-Prefix: evil\r\nConnection: close\r\n"));
  ASSERT_EQ(recorder.requests.size(), 1u);
  const auto& request = recorder.requests.front();
  EXPECT_TRUE(has(request, "X-Real-IP: 127.0.0.1\r\n")) << request;
  EXPECT_TRUE(has(request, "X-Forwarded-Prefix: /api\r\n")) << request;
  EXPECT_FALSE(has(request, "evil")) << request;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, keeps_what_the_configuration_sets_whatever_the_client_nominates) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ upstream: app, request_headers: { set: { X-Tenant: "{client.ip}" } } }]
)");
  Recorder recorder;
  gateway.origin(3000, recorder.origin(std::string(kOk)));
  gateway.exchange(get("/", "X-Tenant: evil\r\nConnection: X-Tenant, close\r\n"));
  ASSERT_EQ(recorder.requests.size(), 1u);
  EXPECT_TRUE(has(recorder.requests.front(), "X-Tenant: 127.0.0.1\r\n")) << recorder.requests.front();
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, switches_only_to_what_was_asked_for) {
  for (std::string_view named : {"", "Upgrade: other\r\n", "Upgrade: shout, other\r\n"}) {
    GatewayWorld gateway(kOne);
    Recorder recorder;
    gateway.origin(3000, recorder.origin("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n" +
                                         std::string(named) + "\r\n"));
    auto answer = gateway.exchange(get("/", "Connection: upgrade, close\r\nUpgrade: shout\r\n"));
    EXPECT_TRUE(has(answer, "upstream_unexpected_upgrade")) << named << answer;
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(Exchange, answers_as_the_last_hop_what_may_go_no_further) {
  GatewayWorld gateway(kOne);
  Recorder recorder;
  gateway.origin(3000, recorder.origin(std::string(kOk)));
  auto traced = gateway.exchange(
      "TRACE /a HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nCookie: a=b\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(traced, "Content-Type: message/http\r\n")) << traced;
  EXPECT_TRUE(traced.ends_with(
      "\r\n\r\nTRACE /a HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nConnection: close\r\n\r\n"))
      << traced;
  auto options =
      gateway.exchange("OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(options, "Content-Length: 0\r\n")) << options;
  EXPECT_TRUE(recorder.requests.empty());
  gateway.exchange("TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 7\r\nConnection: close\r\n\r\n");
  ASSERT_EQ(recorder.requests.size(), 1u);
  EXPECT_TRUE(has(recorder.requests[0], "Max-Forwards: 6\r\n")) << recorder.requests[0];
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, refuses_https_in_the_clear_unless_a_trusted_proxy_ended_the_tls) {  // RFC 9110 7.4
  for (bool trusted : {false, true}) {
    GatewayWorld gateway("listeners: [{ address: 127.0.0.1:8080, trusted_proxies: [" +
                         std::string(trusted ? "127.0.0.0/8" : "10.0.0.0/8") +
                         "] }]\nupstreams: { app: [127.0.0.1:3000] }\nroutes: [{ upstream: app }]\n");
    gateway.origin(3000, answering(std::string(kOk)));
    auto answer =
        gateway.exchange(get("https://a.example/", "X-Forwarded-Proto: https\r\nConnection: close\r\n"));
    EXPECT_TRUE(has(answer, trusted ? "200 OK" : "misdirected")) << answer;
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(Exchange, takes_encoded_slashes_only_on_routes_that_allow_it) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:
  - { match: { path: /files/* }, allow_encoded_slash: true, upstream: app }
  - { match: { path: /other/* }, upstream: app }
)");
  Recorder recorder;
  gateway.origin(3000, recorder.origin(std::string(kOk)));
  gateway.exchange(get("/files/a%2fb", "Connection: close\r\n"));
  for (const char* path : {"/other/a%2fb", "/nowhere/a%2fb"}) {
    auto answer = gateway.exchange(get(path) + get("/other/smuggled"));
    EXPECT_TRUE(has(answer, "invalid_target")) << answer;
  }
  ASSERT_EQ(recorder.requests.size(), 1u);
  EXPECT_TRUE(recorder.requests[0].starts_with("GET /files/a%2Fb HTTP/1.1\r\n")) << recorder.requests[0];
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, closes_behind_an_early_response_and_says_so) {  // RFC 9112 9.6
  GatewayWorld gateway(kOne);
  gateway.origin(3000, answering("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"));
  auto client = [&]() -> Task<std::string> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    co_return co_await peer->receive();
  };
  auto answer = gateway.world().run(client());
  ASSERT_TRUE(answer) << "it hangs";
  EXPECT_TRUE(has(*answer, "Connection: close\r\n")) << *answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, names_the_endpoint_where_http_1_0_names_no_host) {
  GatewayWorld gateway(kOne);
  Recorder recorder;
  gateway.origin(3000, recorder.origin(std::string(kOk)));
  gateway.exchange("GET / HTTP/1.0\r\nExpect: x\r\n\r\n");
  ASSERT_EQ(recorder.requests.size(), 1u);
  EXPECT_TRUE(has(recorder.requests[0], "Host: 127.0.0.1:3000\r\n")) << recorder.requests[0];
  EXPECT_FALSE(has(recorder.requests[0], "Expect")) << recorder.requests[0];
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, says_what_is_wrong_with_a_body) {
  struct Case {
    std::string_view body, reason;
  };
  for (auto [body, reason] :
       {Case{"zz\r\n", "invalid_chunk"}, Case{"0\r\nHost: b\r\n\r\n", "forbidden_trailer"}}) {
    GatewayWorld gateway(kOne);
    Recorder recorder;
    gateway.origin(3000, recorder.origin(std::string(kOk)));
    auto answer = gateway.exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                   std::string(body));
    EXPECT_TRUE(has(answer, reason)) << answer;
    EXPECT_TRUE(recorder.requests.empty());
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(Exchange, writes_a_padded_length_anew) {
  GatewayWorld gateway(kOne);
  Recorder recorder;
  gateway.origin(3000, recorder.origin(std::string(kOk)));
  gateway.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0002\r\nConnection: close\r\n\r\nok");
  ASSERT_FALSE(recorder.requests.empty());
  EXPECT_TRUE(has(recorder.requests[0], "Content-Length: 2\r\n")) << recorder.requests[0];
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Exchange, cuts_a_client_that_does_not_read_although_its_upload_goes_on) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080, limits: { body_timeout: 5s } }]
upstreams: { app: { endpoints: [127.0.0.1:3000], timeouts: { idle: 1h } } }
routes:    [{ upstream: app }]
)");
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    std::string much = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + std::string(10'000'000, 'x');
    co_await peer.send(much);
  });
  auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
    co_await gateway.world().loop().sleep(2s);
    co_await peer->send("56789");
    co_await gateway.world().loop().sleep(60s);
    EXPECT_TRUE(peer->transport().peer_gone()) << "broken off after body_timeout";
  };
  EXPECT_TRUE(gateway.world().run(client()));
  EXPECT_TRUE(gateway.wind_up());
}

}  // namespace
}  // namespace sluice::runtime::testing
