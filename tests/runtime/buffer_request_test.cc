// What reaches the upstream, and when, where a route buffers requests.
#include "runtime/gateway_world.h"

namespace sluice::runtime::testing {
namespace {

constexpr std::string_view kConfig = R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ upstream: app, buffer_request: 1KiB, max_body: 10KiB }]
)";

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string head(std::string_view fields, std::string_view method = "POST") {
  return std::string(method) + " / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + std::string(fields) +
         "\r\n\r\n";
}

// What an origin has seen.
struct Seen {
  int connections = 0;
  std::string head, body;
};

GatewayWorld::Origin taking(Seen& seen, std::size_t body) {
  return [&seen, body](sim::Peer& peer) -> Task<void> {
    ++seen.connections;
    seen.head = co_await peer.receive_until("\r\n\r\n");
    seen.body = co_await peer.receive(body);
    co_await peer.send(kOk);
    co_await peer.receive();
  };
}

// Sends the texts with a pause before each but the first; what comes back.
std::string send(GatewayWorld& gateway, std::vector<std::string> texts, Duration pause) {
  auto client = [&]() -> Task<std::string> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (i != 0) co_await gateway.world().loop().sleep(pause);
      if (!co_await peer->send(texts[i])) break;
    }
    co_return co_await peer->receive();
  };
  return gateway.world().run(client()).value_or("it hangs");
}

TEST(BufferedRequest, takes_no_upstream_connection_before_it_is_whole) {
  GatewayWorld gateway(kConfig);
  Seen seen;
  gateway.origin(3000, taking(seen, 900));
  int early = -1;
  auto client = [&]() -> Task<std::string> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(head("Content-Length: 900"));
    for (int i = 0; i < 9; ++i) {
      co_await gateway.world().loop().sleep(1s);
      early = seen.connections;
      co_await peer->send(std::string(100, 'x'));
    }
    co_return co_await peer->receive();
  };
  auto answer = gateway.world().run(client()).value_or("");
  EXPECT_EQ(early, 0);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_EQ(seen.body, std::string(900, 'x'));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(BufferedRequest, loses_its_chunks_where_its_length_is_known) {
  GatewayWorld gateway(kConfig);
  Seen seen;
  gateway.origin(3000, taking(seen, 6));
  auto answer =
      send(gateway, {head("Transfer-Encoding: chunked"), "3\r\nabc\r\n", "3\r\ndef\r\n", "0\r\n\r\n"}, 1s);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_TRUE(has(seen.head, "Content-Length: 6\r\n")) << seen.head;
  EXPECT_FALSE(has(seen.head, "chunked")) << seen.head;
  EXPECT_EQ(seen.body, "abcdef");
  EXPECT_TRUE(gateway.wind_up());
}

TEST(BufferedRequest, keeps_its_trailers_and_its_chunks_for_them) {
  GatewayWorld gateway(kConfig);
  Seen seen;
  const std::string whole = "6\r\nabcdef\r\n0\r\nX-T: t\r\n\r\n";
  gateway.origin(3000, taking(seen, whole.size()));
  auto answer =
      send(gateway,
           {head("Transfer-Encoding: chunked"), "3\r\nabc\r\n", "3\r\ndef\r\n", "0\r\nX-T: t\r\n\r\n"}, 1s);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_TRUE(has(seen.head, "Transfer-Encoding: chunked\r\n")) << seen.head;
  EXPECT_EQ(seen.body, whole);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(BufferedRequest, streams_on_once_the_buffer_is_full) {
  GatewayWorld gateway(kConfig);
  std::vector<std::size_t> sizes;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    for (std::size_t all = 0; all < 2400; all += 600) {
      auto piece = co_await peer.receive(600);
      sizes.push_back(piece.size());
    }
    co_await peer.send(kOk);
    co_await peer.receive();
  });
  const std::string piece(600, 'x');
  auto answer = send(gateway, {head("Content-Length: 2400"), piece, piece, piece, piece}, 1s);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_EQ(sizes, std::vector<std::size_t>(4, 600));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(BufferedRequest, is_invited_by_the_gateway) {  // RFC 9110 10.1.1
  GatewayWorld gateway(kConfig);
  Seen seen;
  gateway.origin(3000, taking(seen, 6));
  auto client = [&]() -> Task<std::string> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(head("Content-Length: 6\r\nExpect: 100-continue"));
    auto invitation = co_await peer->receive_until("\r\n\r\n");
    EXPECT_TRUE(invitation.starts_with("HTTP/1.1 100 ")) << invitation;
    EXPECT_EQ(seen.connections, 0);
    co_await peer->send("abcdef");
    co_return co_await peer->receive();
  };
  auto answer = gateway.world().run(client()).value_or("");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_FALSE(has(seen.head, "xpect")) << seen.head;
  EXPECT_EQ(seen.body, "abcdef");
  EXPECT_TRUE(gateway.wind_up());
}

// Whatever is wrong with a body that did not fill the buffer, no upstream hears of it.
void expect_untouched(std::vector<std::string> texts, Duration pause, std::string_view reason) {
  GatewayWorld gateway(kConfig);
  Seen seen;
  gateway.origin(3000, taking(seen, 6));
  auto answer = send(gateway, std::move(texts), pause);
  EXPECT_TRUE(has(answer, "\"reason\":\"" + std::string(reason) + "\"")) << answer;
  EXPECT_EQ(seen.connections, 0);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(BufferedRequest, that_comes_too_slowly_never_reaches_an_upstream) {
  expect_untouched({head("Content-Length: 6"), "a", "b", "c", "d", "e", "f"}, 10s, "body_too_slow");
  expect_untouched({head("Content-Length: 6\r\nExpect: 100-continue")}, 1s, "body_too_slow");
}

TEST(BufferedRequest, that_is_broken_never_reaches_an_upstream) {
  expect_untouched({head("Transfer-Encoding: chunked"), "3\r\nabc\r\n", "x\r\n"}, 1s, "invalid_chunk");
}

TEST(BufferedRequest, that_is_too_large_never_reaches_an_upstream) {
  expect_untouched({head("Content-Length: 10241\r\nExpect: 100-continue")}, 1s, "body_too_large");
  expect_untouched(
      {head("Transfer-Encoding: chunked"), "2801\r\n" + std::string(10241, 'x') + "\r\n0\r\n\r\n"}, 1s,
      "body_too_large");
}

TEST(BufferedRequest, is_sent_once_more_where_an_idle_connection_was_closed) {
  GatewayWorld gateway(kConfig);
  int connections = 0;
  std::string body;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    bool first = ++connections == 1;
    for (;;) {
      auto request = co_await peer.receive_until("\r\n\r\n");
      if (request.empty()) co_return;
      if (request.starts_with("GET")) {
        co_await peer.send(kOk);
        continue;
      }
      if (first) co_return peer.transport().abort(Fault::cancelled, true);
      body = co_await peer.receive(6);
      co_await peer.send(kOk);
    }
  });
  EXPECT_TRUE(gateway.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                  .starts_with("HTTP/1.1 200 "));
  auto answer = send(gateway, {head("Content-Length: 6", "PUT"), "abc", "def"}, 1s);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_EQ(connections, 2);
  EXPECT_EQ(body, "abcdef");
  EXPECT_TRUE(gateway.wind_up());
}

TEST(BufferedRequest, of_a_client_that_leaves_is_forgotten) {
  GatewayWorld gateway(kConfig);
  Seen seen;
  gateway.origin(3000, taking(seen, 6));
  auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(head("Content-Length: 6") + "abc");
    co_await gateway.world().loop().sleep(1s);
    peer->transport().abort(Fault::cancelled, true);
  };
  EXPECT_TRUE(gateway.world().run(client()));
  gateway.world().run_for(1s);
  EXPECT_EQ(seen.connections, 0);
  EXPECT_EQ(gateway.hooks().reason, http::Reason::client_closed);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(BufferedRequest, starts_the_routes_time_when_it_is_there) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ upstream: app, buffer_request: 1KiB, timeout: 2s }]
)");
  Seen seen;
  gateway.origin(3000, taking(seen, 6));
  auto answer = send(gateway, {head("Content-Length: 6"), "abc", "def"}, 5s);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

}  // namespace
}  // namespace sluice::runtime::testing
