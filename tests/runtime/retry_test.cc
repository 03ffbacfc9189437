// What a route's `retry` sends again, and what not, through the whole gateway.
#include <deque>
#include <string>

#include "runtime/gateway_world.h"

namespace sluice::runtime::testing {
namespace {

using telemetry::RetryCause;
using telemetry::RetryRefusal;
using Kind = RetryCause::Kind;

constexpr std::string_view kUnavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy";
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
constexpr std::string_view kCallOk =
    "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"
    "0\r\ngrpc-status: 0\r\n\r\n";

std::string call_ends(int status) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\ngrpc-status: " + std::to_string(status) +
         "\r\nContent-Length: 0\r\n\r\n";
}

std::string configured(std::string_view retry, std::string_view endpoints = "127.0.0.1:3000",
                       std::string_view route = "timeout: 60s") {
  return "listeners: [{ address: 127.0.0.1:8080 }]\n"
         "upstreams: { app: { endpoints: [" +
         std::string(endpoints) + "], timeouts: { first_byte: 30s } } }\n" + "routes: [{ upstream: app, " +
         std::string(route) + ", retry: " + std::string(retry) + " }]\n";
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string get(std::string_view more = "") {
  return "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + std::string(more) + "\r\n";
}

std::string call(std::string_view more = "") {
  return "POST /p.S/M HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nTE: trailers\r\n"
         "Connection: TE, close\r\n" +
         std::string(more) + "Content-Length: 5\r\n\r\n" + std::string(5, '\0');
}

// Gives one answer after another, whichever connection asks, and remembers whole requests. An empty answer
// closes the connection; "..." is silence.
class Script {
 public:
  explicit Script(std::deque<std::string> answers) : answers_(std::move(answers)) {}

  GatewayWorld::Origin origin(std::string name = "") {
    return [this, name](sim::Peer& peer) -> Task<void> {
      for (;;) {
        auto head = co_await peer.receive_until("\r\n\r\n");
        if (!head.ends_with("\r\n\r\n")) co_return;
        auto body = std::string();
        if (has(head, "chunked")) body = co_await peer.receive_until("0\r\n\r\n");
        const auto length = head.find("Content-Length: ");
        if (length != head.npos)
          body = co_await peer.receive(static_cast<std::size_t>(std::stoul(head.substr(length + 16))));
        heads.push_back(head);
        bodies.push_back(body);
        asked.push_back(name);
        if (answers_.empty()) co_return;
        const auto answer = answers_.front();
        answers_.pop_front();
        if (answer.empty()) co_return;
        if (answer == "...") co_await peer.receive();
        if (!co_await peer.send(answer)) co_return;
      }
    };
  }

  std::vector<std::string> heads, bodies, asked;

 private:
  std::deque<std::string> answers_;
};

std::string text(std::string_view view) { return std::string(view); }

std::uint64_t retries(GatewayWorld& gateway, RetryCause cause) {
  std::uint64_t count = 0;
  gateway.shard().upstream("app").retries.each([&](const telemetry::UpstreamMetrics::Retries& one) {
    if (one.cause == cause) count += one.attempts.value();
  });
  return count;
}

std::uint64_t refused(GatewayWorld& gateway, RetryRefusal why) {
  return gateway.shard().upstream("app").retries_refused[static_cast<std::size_t>(why)].value();
}

TEST(Retry, sends_a_request_again_whose_response_has_a_status_that_the_route_names) {
  GatewayWorld gateway(configured("{ on: [503] }"));
  Script script({text(kUnavailable), text(kOk)});
  gateway.origin(3000, script.origin());
  const auto answer = gateway.exchange(get());
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\ngood")) << answer;
  EXPECT_EQ(script.heads.size(), 2u);
  EXPECT_EQ(retries(gateway, {Kind::status, 503}), 1u);
  EXPECT_EQ(gateway.hooks().responses, 1) << "hooks see the response that goes on, once";
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Retry, passes_on_the_last_response_when_the_attempts_are_used_up) {
  GatewayWorld gateway(configured("{ attempts: 3, on: [503] }"));
  Script script({text(kUnavailable), text(kUnavailable), text(kUnavailable), text(kOk)});
  gateway.origin(3000, script.origin());
  const auto answer = gateway.exchange(get());
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nbusy")) << answer;
  EXPECT_EQ(script.heads.size(), 3u);
  EXPECT_EQ(refused(gateway, RetryRefusal::attempts), 1u);
  EXPECT_EQ(gateway.hooks().reason, http::Reason::none) << "it is the upstream's";
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Retry, leaves_other_statuses_and_other_routes_alone) {
  for (const std::string_view retry : {"{ on: [502] }", "{ attempts: 1, on: [503] }"}) {
    GatewayWorld gateway(configured(retry));
    Script script({text(kUnavailable), text(kOk)});
    gateway.origin(3000, script.origin());
    EXPECT_TRUE(gateway.exchange(get()).starts_with("HTTP/1.1 503 ")) << retry;
    EXPECT_EQ(script.heads.size(), 1u) << retry;
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(Retry, goes_to_another_endpoint_where_there_is_one) {
  GatewayWorld gateway(configured("{ attempts: 4, on: [503] }", "127.0.0.1:3000, 127.0.0.1:3001"));
  Script script({text(kUnavailable), text(kUnavailable), text(kUnavailable), text(kOk)});
  gateway.origin(3000, script.origin("a"));
  gateway.origin(3001, script.origin("b"));
  EXPECT_TRUE(gateway.exchange(get()).starts_with("HTTP/1.1 200 "));
  ASSERT_EQ(script.asked.size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_NE(script.asked[i], script.asked[i - 1]) << i;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Retry, keeps_the_connection_of_a_response_that_it_does_not_want) {
  GatewayWorld gateway(configured("{ on: [503] }"));
  int connections = 0;
  Script script({text(kUnavailable), text(kOk)});
  const auto origin = script.origin();
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    ++connections;
    co_await origin(peer);
  });
  EXPECT_TRUE(gateway.exchange(get()).starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(connections, 1);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Retry, of_a_post_wants_leave) {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody";
  for (const bool leave : {false, true}) {
    GatewayWorld gateway(configured(leave ? "{ on: [503], non_idempotent: true }" : "{ on: [503, reset] }"));
    Script script({text(kUnavailable), text(kOk)});
    gateway.origin(3000, script.origin());
    EXPECT_TRUE(gateway.exchange(post).starts_with(leave ? "HTTP/1.1 200 " : "HTTP/1.1 503 "));
    EXPECT_EQ(script.bodies,
              leave ? std::vector<std::string>({"body", "body"}) : std::vector<std::string>({"body"}));
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(Retry, of_a_connection_that_broke_before_the_response) {
  for (const std::string_view on : {"reset", "503"}) {
    GatewayWorld gateway(configured("{ on: " + text(on) + " }"));
    Script script({"", text(kOk)});
    gateway.origin(3000, script.origin());
    const bool covered = on == "reset";
    EXPECT_TRUE(gateway.exchange(get()).starts_with(covered ? "HTTP/1.1 200 " : "HTTP/1.1 502 "));
    EXPECT_EQ(retries(gateway, {Kind::reset}), covered ? 1u : 0u);
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(Retry, of_half_a_response_head_is_one_of_a_broken_connection) {
  GatewayWorld gateway(configured("{ on: reset }"));
  int connections = 0;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send(++connections == 1 ? "HTTP/1.1 200 OK\r\nX-Half" : kOk);
  });
  EXPECT_TRUE(gateway.exchange(get()).ends_with("good"));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Retry, never_follows_a_response_that_breaks_behind_its_head) {
  GatewayWorld gateway(configured("{ attempts: 5 }"));
  int requests = 0;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    ++requests;
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun");
  });
  EXPECT_TRUE(has(gateway.exchange(get()), "begun"));
  EXPECT_EQ(requests, 1);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Retry, of_a_connect_failure_asks_the_only_endpoint_once_more) {
  for (const std::string_view on : {"connect_failure", "503"}) {
    GatewayWorld gateway(configured("{ attempts: 3, on: " + text(on) + " }"));
    gateway.world().faults().connects_to(*net::Address::parse("127.0.0.1:3000"), Fault::refused);
    EXPECT_TRUE(has(gateway.exchange(get()), "upstream_connect_refused"));
    EXPECT_EQ(gateway.shard().upstream("app").attempts.value(), on == "503" ? 1u : 3u);
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(Retry, is_not_needed_for_another_endpoint_than_one_that_cannot_be_reached) {
  GatewayWorld gateway(configured("{ attempts: 1 }", "127.0.0.1:3000, 127.0.0.1:3001"));
  gateway.world().faults().connects_to(*net::Address::parse("127.0.0.1:3000"), Fault::refused);
  Script script({text(kOk), text(kOk)});
  gateway.origin(3001, script.origin());
  EXPECT_TRUE(gateway.exchange(get()).starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(gateway.exchange(get()).starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(retries(gateway, {Kind::connect_failure}), 1u);
  EXPECT_TRUE(gateway.wind_up());
}

// ---- time

TEST(Retry, ends_a_try_that_takes_longer_than_its_time) {
  GatewayWorld gateway(configured("{ per_try_timeout: 2s }"));
  Script script({"...", text(kOk)});
  gateway.origin(3000, script.origin());
  const auto begun = gateway.world().now();
  EXPECT_TRUE(gateway.exchange(get()).starts_with("HTTP/1.1 200 "));
  EXPECT_NEAR(std::chrono::duration<double>(gateway.world().now() - begun).count(), 2, 0.2);
  EXPECT_EQ(retries(gateway, {Kind::timeout}), 1u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Retry, whose_last_try_takes_too_long_ends_in_504) {
  GatewayWorld gateway(configured("{ per_try_timeout: 2s }"));
  Script script({"...", "...", text(kOk)});
  gateway.origin(3000, script.origin());
  const auto begun = gateway.world().now();
  EXPECT_TRUE(has(gateway.exchange(get()), "upstream_timeout"));
  EXPECT_NEAR(std::chrono::duration<double>(gateway.world().now() - begun).count(), 4, 0.3);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Retry, does_not_outlast_the_timeout_of_the_route) {
  GatewayWorld gateway(configured("{ attempts: 9, per_try_timeout: 2s }", "127.0.0.1:3000", "timeout: 5s"));
  Script script({"...", "...", "...", "...", "..."});
  gateway.origin(3000, script.origin());
  const auto begun = gateway.world().now();
  EXPECT_TRUE(has(gateway.exchange(get()), "route_timeout"));
  EXPECT_NEAR(std::chrono::duration<double>(gateway.world().now() - begun).count(), 5, 0.3);
  EXPECT_EQ(script.heads.size(), 3u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Retry, counts_no_time_of_a_try_while_the_client_sends_its_body) {
  GatewayWorld gateway(configured("{ non_idempotent: true, per_try_timeout: 1s }"));
  Script script({text(kOk)});
  gateway.origin(3000, script.origin());
  std::string answer;
  const auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbo");
    co_await gateway.world().loop().sleep(3s);
    co_await peer->send("dy");
    answer = co_await peer->receive();
  };
  EXPECT_TRUE(gateway.world().run(client()));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_EQ(script.heads.size(), 1u);
  EXPECT_TRUE(gateway.wind_up());
}

// ---- the request's body

// Sends a body in two halves, some time apart.
std::string exchange_in_halves(GatewayWorld& gateway, std::string_view head, std::string_view first,
                               std::string_view second) {
  std::string answer;
  const auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(text(head) + text(first));
    co_await gateway.world().loop().sleep(200ms);
    co_await peer->send(second);
    answer = co_await peer->receive();
  };
  EXPECT_TRUE(gateway.world().run(client()));
  return answer;
}

TEST(Retry, sends_a_body_again_that_came_in_pieces) {
  GatewayWorld gateway(configured("{ on: 503 }"));
  Script script({text(kUnavailable), text(kOk)});
  gateway.origin(3000, script.origin());
  const auto answer = exchange_in_halves(
      gateway, "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
      "4\r\nwiki\r\n", "5\r\npedia\r\n0\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_EQ(script.bodies, std::vector<std::string>(
                               {"4\r\nwiki\r\n5\r\npedia\r\n0\r\n\r\n", "9\r\nwikipedia\r\n0\r\n\r\n"}));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Retry, does_not_send_a_body_again_of_which_more_is_gone_than_is_kept) {
  for (const bool chunked : {false, true}) {
    GatewayWorld gateway(configured("{ on: 503, keep_body: 8B }"));
    Script script({text(kUnavailable), text(kOk)});
    gateway.origin(3000, script.origin());
    const auto head = "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
                      text(chunked ? "Transfer-Encoding: chunked" : "Content-Length: 9") + "\r\n\r\n";
    const auto answer = chunked
                            ? exchange_in_halves(gateway, head, "4\r\nwiki\r\n", "5\r\npedia\r\n0\r\n\r\n")
                            : exchange_in_halves(gateway, head, "wiki", "pedia");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_EQ(script.heads.size(), 1u);
    EXPECT_EQ(refused(gateway, RetryRefusal::body), 1u);
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(Retry, takes_the_rest_of_a_body_to_where_it_goes_next) {
  GatewayWorld gateway(configured("{ on: 503 }"));
  int connections = 0;
  std::string body;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    if (++connections == 1) {  // answers before it has the whole body
      co_await peer.receive(4);
      co_await peer.send(kUnavailable);
      co_await peer.receive();
      co_return;
    }
    body = co_await peer.receive(9);
    co_await peer.send(kOk);
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send(kOk);
  });
  const auto answer =
      exchange_in_halves(gateway, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", "wiki",
                         "pediaGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(body, "wikipedia");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_NE(answer.find("HTTP/1.1 200 ", 10), answer.npos) << "the client's connection goes on: " << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Retry, keeps_nothing_of_a_body_when_memory_is_short) {
  GatewayWorld gateway(configured("{ on: 503 }"));
  Script script({text(kUnavailable), text(kOk)});
  gateway.origin(3000, script.origin());
  std::string answer;
  const auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9\r\n\r\nwiki");
    co_await gateway.world().loop().sleep(200ms);
    gateway.memory().set_high(true);
    co_await peer->send("pedia");
    answer = co_await peer->receive();
  };
  EXPECT_TRUE(gateway.world().run(client()));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_EQ(script.bodies, std::vector<std::string>({"wikipedia"}));
  EXPECT_TRUE(gateway.wind_up());
}

TEST(Retry, does_not_ask_again_for_leave_to_send_a_body_that_is_there) {
  GatewayWorld gateway(configured("{ on: 503 }"));
  Script script({});
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    for (bool asks = true; asks;) {
      auto head = co_await peer.receive_until("\r\n\r\n");
      script.heads.push_back(head);
      asks = has(head, "Expect");
      if (asks) co_await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
      script.bodies.push_back(co_await peer.receive(4));
      co_await peer.send(asks ? kUnavailable : kOk);
    }
  });
  std::string answer;
  const auto client = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(
        "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\n"
        "Content-Length: 4\r\n\r\n");
    co_await peer->receive_until("100 Continue\r\n\r\n");
    co_await peer->send("body");
    answer = co_await peer->receive();
  };
  EXPECT_TRUE(gateway.world().run(client()));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_EQ(script.bodies, std::vector<std::string>({"body", "body"}));
  ASSERT_EQ(script.heads.size(), 2u);
  EXPECT_FALSE(has(script.heads[1], "Expect"));
  EXPECT_TRUE(gateway.wind_up());
}

// ---- gRPC

TEST(GrpcRetry, follows_a_status_that_the_route_names) {
  GatewayWorld gateway(configured("{ on: grpc_unavailable }"));
  Script script({call_ends(14), text(kCallOk)});
  gateway.origin(3000, script.origin());
  const auto answer = gateway.exchange(call());
  EXPECT_TRUE(has(answer, "grpc-status: 0\r\n")) << answer;
  EXPECT_FALSE(has(answer, "grpc-status: 14")) << answer;
  EXPECT_EQ(script.bodies, std::vector<std::string>(2, std::string(5, '\0')));
  EXPECT_EQ(retries(gateway, {Kind::grpc_status, 14}), 1u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcRetry, does_not_follow_another_status) {
  GatewayWorld gateway(configured("{ on: [grpc_unavailable, 503, reset] }"));
  Script script({call_ends(13), text(kCallOk)});
  gateway.origin(3000, script.origin());
  EXPECT_TRUE(has(gateway.exchange(call()), "grpc-status: 13\r\n"));
  EXPECT_EQ(script.heads.size(), 1u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcRetry, is_for_calls_alone) {
  GatewayWorld gateway(configured("{ on: grpc_unavailable }"));
  Script script({call_ends(14), text(kCallOk)});
  gateway.origin(3000, script.origin());
  EXPECT_TRUE(has(gateway.exchange(get()), "grpc-status: 14\r\n"));
  EXPECT_EQ(script.heads.size(), 1u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcRetry, cannot_follow_a_status_that_comes_behind_messages) {
  GatewayWorld gateway(configured("{ on: grpc_unavailable }"));
  Script script(
      {"HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"
       "0\r\ngrpc-status: 14\r\n\r\n",
       text(kCallOk)});
  gateway.origin(3000, script.origin());
  EXPECT_TRUE(has(gateway.exchange(call()), "grpc-status: 14\r\n"));
  EXPECT_EQ(script.heads.size(), 1u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcRetry, of_a_call_that_broke_off_wants_leave) {
  for (const bool leave : {false, true}) {
    GatewayWorld gateway(
        configured(leave ? "{ on: reset, non_idempotent: true }" : "{ on: [reset, grpc_unavailable] }"));
    Script script({"", text(kCallOk)});
    gateway.origin(3000, script.origin());
    EXPECT_TRUE(has(gateway.exchange(call()), leave ? "grpc-status: 0\r\n" : "grpc-status: 14\r\n"));
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(GrpcRetry, tells_each_try_what_is_left_of_the_deadline) {
  GatewayWorld gateway(configured("{ on: grpc_unavailable }"));
  std::vector<std::string> heads;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    for (;;) {
      heads.push_back(co_await peer.receive_until("\r\n\r\n"));
      if (heads.back().empty()) co_return;
      co_await peer.receive(5);
      co_await gateway.world().loop().sleep(1s);
      const auto answer = heads.size() == 1 ? call_ends(14) : text(kCallOk);
      co_await peer.send(answer);
    }
  });
  EXPECT_TRUE(has(gateway.exchange(call("grpc-timeout: 5S\r\n")), "grpc-status: 0\r\n"));
  ASSERT_GE(heads.size(), 2u);
  const auto left = [](std::string_view head) {
    const auto at = head.find("grpc-timeout: ") + 14;
    return *http::parse_grpc_timeout(head.substr(at, head.find('\r', at) - at));
  };
  EXPECT_GT(left(heads[0]), 4500ms);
  EXPECT_LE(left(heads[1]), 4s);
  EXPECT_GT(left(heads[1]), 3500ms);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(GrpcRetry, ends_with_the_deadline_of_the_call) {
  GatewayWorld gateway(configured("{ attempts: 9, on: timeout, non_idempotent: true, per_try_timeout: 2s }"));
  Script script({"...", "...", "...", "..."});
  gateway.origin(3000, script.origin());
  const auto begun = gateway.world().now();
  EXPECT_TRUE(has(gateway.exchange(call("grpc-timeout: 3S\r\n")), "grpc-status: 4\r\n"));
  EXPECT_NEAR(std::chrono::duration<double>(gateway.world().now() - begun).count(), 3, 0.3);
  EXPECT_EQ(script.heads.size(), 2u);
  EXPECT_TRUE(gateway.wind_up());
}

// ---- storms

TEST(Retry, adds_little_to_the_load_of_an_upstream_that_fails) {
  GatewayWorld gateway(configured("{ attempts: 10, on: 503 }"));
  gateway.origin(3000, answering(text(kUnavailable)));
  std::string requests;
  constexpr int kRequests = 200;
  for (int i = 1; i < kRequests; ++i) requests += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  gateway.exchange(requests + get());
  const auto attempts = gateway.shard().upstream("app").attempts.value();
  EXPECT_GE(attempts, kRequests + 30u);
  EXPECT_LE(attempts, kRequests * 12 / 10 + 40u);
  EXPECT_GT(refused(gateway, RetryRefusal::budget), 100u);
  EXPECT_TRUE(gateway.wind_up());
}

}  // namespace
}  // namespace sluice::runtime::testing
