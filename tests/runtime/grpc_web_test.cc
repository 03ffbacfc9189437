// Calls of gRPC-Web through the whole gateway.
#include <cstdio>
#include <string>

#include "base/base64.h"
#include "runtime/gateway_world.h"

namespace sluice::runtime::testing {
namespace {

constexpr std::string_view kConfig = R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ name: all, upstream: app, grpc_web: true }]
)";

const std::string kMessage("\0\0\0\0\5world", 10);
const std::string kAnswer =
    std::string("HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n") +
    "a\r\n" + kMessage + "\r\n0\r\ngrpc-status: 0\r\ngrpc-message: fine\r\n\r\n";
const std::string kTrailers = std::string("\x80\0\0\0\x24", 5) + "grpc-status: 0\r\ngrpc-message: fine\r\n";

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string base64(std::string_view bytes) {
  Base64Encoder encoder;
  std::string out;
  encoder.encode(bytes, out);
  encoder.finish(out);
  return out;
}

std::string chunk(std::string_view bytes) {
  char size[8];
  std::snprintf(size, sizeof size, "%zx", bytes.size());
  return std::string(size) + "\r\n" + std::string(bytes) + "\r\n";
}

std::string post(std::string_view type, std::string_view body) {
  return "POST /p.S/M HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: " + std::string(type) +
         "\r\nX-Grpc-Web: 1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

// The body of a response, out of its chunks.
std::string body_of(std::string_view response) {
  std::string body;
  auto rest = response.substr(response.find("\r\n\r\n") + 4);
  for (;;) {
    const auto line = rest.find("\r\n");
    if (line == rest.npos) return body + "(cut)";
    const auto size = std::stoul(std::string(rest.substr(0, line)), nullptr, 16);
    if (size == 0) return body + std::string(rest.substr(line + 4));
    body += rest.substr(line + 2, size);
    rest.remove_prefix(line + 2 + size + 2);
  }
}

struct Upstream {
  std::string seen;
  GatewayWorld::Origin origin(std::string body, std::string answer) {
    return [this, body, answer](sim::Peer& peer) -> Task<void> {
      seen = co_await peer.receive_until(body);
      co_await peer.send(answer);
      co_await peer.receive();
    };
  }
};

TEST(GrpcWebCall, is_grpc_for_the_upstream_and_has_its_trailers_in_the_body) {
  GatewayWorld gateway(kConfig);
  Upstream upstream;
  const std::string hello("\0\0\0\0\5hello", 10);
  gateway.origin(3000, upstream.origin(hello, kAnswer));
  const auto answer = gateway.exchange(post("application/grpc-web+proto", hello));
  EXPECT_TRUE(has(upstream.seen, "Content-Type: application/grpc+proto\r\n")) << upstream.seen;
  EXPECT_TRUE(has(upstream.seen, "TE: trailers\r\n")) << upstream.seen;
  EXPECT_TRUE(has(answer, "Content-Type: application/grpc-web\r\n")) << answer;
  EXPECT_EQ(body_of(answer), kMessage + kTrailers);
  EXPECT_EQ(gateway.hooks().status, 200);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcWebCall, may_be_text_both_ways) {
  GatewayWorld gateway(kConfig);
  Upstream upstream;
  const std::string hello("\0\0\0\0\5hello", 10);
  // Encoded in two halves, so that padding stands in the middle.
  const auto text = base64(hello.substr(0, 4)) + base64(hello.substr(4));
  gateway.origin(3000, upstream.origin("hello\r\n0\r\n\r\n", kAnswer));
  const auto answer = gateway.exchange(post("application/grpc-web-text", text));
  EXPECT_TRUE(has(upstream.seen, "Transfer-Encoding: chunked\r\n")) << "its length is another one";
  EXPECT_FALSE(has(upstream.seen, "Content-Length")) << upstream.seen;
  EXPECT_TRUE(has(upstream.seen, hello)) << upstream.seen;
  EXPECT_TRUE(has(answer, "Content-Type: application/grpc-web-text\r\n")) << answer;
  Base64Decoder decoder;
  std::string decoded;
  EXPECT_TRUE(decoder.decode(body_of(answer), decoded));
  EXPECT_EQ(decoded, kMessage + kTrailers);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcWebCall, gets_each_message_when_it_comes) {
  for (const bool text : {false, true}) {
    GatewayWorld gateway(kConfig);
    gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
      co_await peer.receive_until("\r\n\r\n");
      co_await peer.send(
          "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n");
      co_await peer.send(chunk(kMessage));
      co_await gateway.world().loop().sleep(10s);
      co_await peer.send("0\r\ngrpc-status: 0\r\n\r\n");
      co_await peer.receive();
    });
    const auto request = post(text ? "application/grpc-web-text" : "application/grpc-web", "");
    const auto awaited = text ? base64(kMessage) : kMessage;
    Duration took{};
    const auto client = [&]() -> Task<void> {
      const auto begun = gateway.world().now();
      auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
      co_await peer->send(request);
      co_await peer->receive_until(awaited);
      took = gateway.world().now() - begun;
      co_await peer->receive();
    };
    EXPECT_TRUE(gateway.world().run(client()));
    EXPECT_LT(took, 1s);
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(GrpcWebCall, that_fails_at_once_has_its_status_in_the_head) {
  GatewayWorld gateway(kConfig);
  gateway.origin(3000, answering("HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\ngrpc-status: "
                                 "5\r\nContent-Length: 0\r\n\r\n"));
  const auto answer = gateway.exchange(post("application/grpc-web", "x"));
  EXPECT_TRUE(has(answer, "Content-Type: application/grpc-web\r\n")) << answer;
  EXPECT_TRUE(has(answer, "grpc-status: 5\r\n")) << answer;
  EXPECT_EQ(body_of(answer), "");
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcWebCall, that_is_refused_is_refused_in_its_own_form) {
  GatewayWorld gateway(kConfig);
  gateway.world().faults().connects_to(*net::Address::parse("127.0.0.1:3000"), Fault::refused);
  const auto answer = gateway.exchange(post("application/grpc-web-text", "AAAAAAA="));
  EXPECT_TRUE(has(answer, "Content-Type: application/grpc-web-text\r\n")) << answer;
  EXPECT_TRUE(has(answer, "grpc-status: 14\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcWebCall, of_text_that_is_no_base64_is_refused) {
  for (std::string_view body : {"AAAA!AAA", "AAA"}) {
    GatewayWorld gateway(kConfig);
    std::string seen;
    gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> { seen = co_await peer.receive(); });
    const auto answer = gateway.exchange(post("application/grpc-web-text", body));
    EXPECT_TRUE(has(answer, "grpc-status: 13\r\n")) << answer;
    EXPECT_TRUE(has(answer, "grpc-message: malformed_content: ")) << answer;
    EXPECT_FALSE(has(seen, "0\r\n\r\n")) << "no whole request reaches the upstream: " << seen;
    EXPECT_EQ(gateway.hooks().reason, http::Reason::malformed_content);
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(GrpcWebCall, whose_text_breaks_late_is_refused_too) {
  GatewayWorld gateway(kConfig);
  std::string seen;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> { seen = co_await peer.receive(); });
  const auto client = [&]() -> Task<std::string> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    auto head = post("application/grpc-web-text", "AAAAAAA!");
    const auto end = head.substr(head.size() - 4);
    head.resize(head.size() - 4);
    co_await peer->send(head);
    co_await gateway.world().loop().sleep(1s);
    co_await peer->send(end);
    co_return co_await peer->receive();
  };
  const auto answer = gateway.world().run(client());
  ASSERT_TRUE(answer);
  EXPECT_TRUE(has(*answer, "grpc-message: malformed_content: ")) << *answer;
  EXPECT_TRUE(has(seen, "3\r\n") && !has(seen, "0\r\n\r\n")) << seen;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcWebCall, passes_as_it_is_where_the_route_does_not_translate) {
  GatewayWorld gateway(
      "listeners: [{ address: 127.0.0.1:8080 }]\nupstreams: { app: [127.0.0.1:3000] }\nroutes: [{ upstream: "
      "app }]\n");
  Upstream upstream;
  gateway.origin(3000, upstream.origin("\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  EXPECT_TRUE(gateway.exchange(post("application/grpc-web-text", "abc")).ends_with("\r\n\r\nok"));
  EXPECT_TRUE(has(upstream.seen, "Content-Type: application/grpc-web-text\r\n")) << upstream.seen;
  EXPECT_TRUE(gateway.wind_up());
}

}  // namespace
}  // namespace sluice::runtime::testing
