// Whose time runs while a request's body is on its way: the client's, the upstream's or the route's.
#include "runtime/gateway_world.h"

namespace sluice::runtime::testing {
namespace {

constexpr std::string_view kDefaults = R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ upstream: app }]
)";

constexpr std::string_view kShort = R"(
listeners: [{ address: 127.0.0.1:8080, limits: { body_timeout: 1m } }]
upstreams: { app: { endpoints: [127.0.0.1:3000], timeouts: { first_byte: 60s, idle: 2s } } }
routes:    [{ upstream: app, timeout: 3s }]
)";

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string post(std::size_t length, std::string_view more = "") {
  return "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

// Takes a request with a body of this size, then answers after a while.
GatewayWorld::Origin answering_after(GatewayWorld& gateway, std::size_t body, Duration pause = {}) {
  return [&gateway, body, pause](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    auto received = co_await peer.receive(body);
    if (received.size() < body) co_return;
    co_await gateway.world().loop().sleep(pause);
    co_await peer.send(kOk);
    co_await peer.receive();
  };
}

struct Answer {
  std::string text;
  Duration took;  // as the client sees it
};

// Sends the head, then a piece of the body after each pause; what comes back.
Answer upload(GatewayWorld& gateway, std::string head, std::size_t piece, int pieces, Duration pause) {
  auto client = [&]() -> Task<Answer> {
    auto before = gateway.world().now();
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(head);
    for (int i = 0; i < pieces; ++i) {
      co_await gateway.world().loop().sleep(pause);
      if (!co_await peer->send(std::string(piece, 'x'))) break;
    }
    auto text = co_await peer->receive();
    co_return Answer{text, gateway.world().now() - before};
  };
  return gateway.world().run(client()).value_or(Answer{"it hangs", {}});
}

// The same to a gateway of its own, whose origin takes all of the body before it answers.
Answer upload_to(std::string_view config, std::string request, std::size_t body, std::size_t piece,
                 int pieces, Duration pause, Duration origins_pause = {}) {
  GatewayWorld gateway(config);
  gateway.origin(3000, answering_after(gateway, body, origins_pause));
  auto answer = upload(gateway, std::move(request), piece, pieces, pause);
  EXPECT_TRUE(gateway.wind_up());
  return answer;
}

bool served(const Answer& answer) { return answer.text.starts_with("HTTP/1.1 200 "); }

void expect_too_slow(const Answer& answer, Duration least, Duration most) {
  EXPECT_TRUE(answer.text.starts_with("HTTP/1.1 408 ")) << answer.text;
  EXPECT_TRUE(has(answer.text, "\"reason\":\"body_too_slow\"")) << answer.text;
  EXPECT_GE(answer.took, least);
  EXPECT_LT(answer.took, most);
}

TEST(SlowClient, may_take_longer_than_every_timeout_as_long_as_it_sends) {
  auto answer = upload_to(kDefaults, post(70'000), 70'000, 1000, 70, 1s);
  EXPECT_TRUE(served(answer)) << answer.text;
}

TEST(SlowClient, that_stands_still_is_told_so_and_nobody_else_is_blamed) {
  expect_too_slow(upload_to(kDefaults, post(100), 100, 1, 1, 1ms), 30s, 33s);
}

TEST(SlowClient, may_pause_for_longer_than_the_upstream_may_be_idle) {
  auto answer = upload_to(kShort, post(20), 20, 10, 2, 4s);
  EXPECT_TRUE(served(answer)) << answer.text;
}

TEST(SlowClient, may_pause_while_its_response_comes_in) {
  GatewayWorld gateway(kShort);
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
    for (int i = 0; i < 2; ++i) {
      auto piece = co_await peer.receive(10);
      co_await peer.send(piece);
    }
    co_await peer.receive();
  });
  auto answer = upload(gateway, post(20), 10, 2, 4s);
  EXPECT_TRUE(answer.text.ends_with("\r\n\r\n" + std::string(20, 'x'))) << answer.text;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(SlowClient, that_stands_still_within_its_response_is_the_reason_of_its_end) {
  GatewayWorld gateway(kShort);
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf");
    co_await peer.receive();
  });
  auto answer = upload(gateway, post(20), 10, 1, 4s);
  EXPECT_TRUE(answer.text.ends_with("\r\n\r\nhalf")) << answer.text;
  EXPECT_GE(answer.took, 60s);
  EXPECT_EQ(gateway.hooks().status, 200);
  EXPECT_EQ(gateway.hooks().reason, http::Reason::client_too_slow);
  EXPECT_TRUE(gateway.wind_up());
}

// A response whose client takes this much of it every so often.
struct Taken {
  std::size_t bytes = 0;
  Duration took{};  // until the gateway was done with it
  Fault fault = Fault::none;
};

Taken download(GatewayWorld& gateway, std::size_t piece, Duration pause) {
  auto client = [&]() -> Task<Taken> {
    auto before = gateway.world().now();
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    Taken taken;
    while (gateway.hooks().done == 0) {
      co_await gateway.world().loop().sleep(pause);
      auto text = co_await peer->receive(piece);
      taken.bytes += text.size();
    }
    taken.took = gateway.world().now() - before;
    auto rest = co_await peer->receive();
    taken.bytes += rest.size();
    taken.fault = peer->fault();
    co_return taken;
  };
  return gateway.world().run(client()).value_or(Taken{});
}

GatewayWorld::Origin sending(std::size_t bytes) {
  return answering("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
                   std::string(bytes, 'x'));
}

TEST(SlowClient, that_drips_its_body_is_told_so_however_often_it_does) {
  expect_too_slow(upload_to(kDefaults, post(4000), 4000, 1, 4000, 100ms), 30s, 34s);
}

TEST(SlowClient, at_half_the_rate_has_twice_the_time) {
  expect_too_slow(upload_to(kDefaults, post(70'000), 70'000, 250, 280, 1s), 55s, 65s);
}

TEST(SlowClient, gains_no_time_for_later_by_a_quick_begin) {
  auto request = post(500'000) + std::string(400'000, 'x');
  expect_too_slow(upload_to(kDefaults, request, 500'000, 1, 4000, 100ms), 30s, 38s);
}

TEST(SlowClient, may_drip_where_no_rate_is_asked) {
  auto answer = upload_to(R"(
listeners: [{ address: 127.0.0.1:8080, limits: { body_min_rate: off } }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ upstream: app }]
)",
                          post(20), 20, 1, 20, 20s);
  EXPECT_TRUE(served(answer)) << answer.text;
}

TEST(SlowClient, that_takes_its_response_in_drops_is_reset) {
  GatewayWorld gateway(kDefaults);
  gateway.origin(3000, sending(500'000));
  auto taken = download(gateway, 10, 1s);
  EXPECT_EQ(taken.fault, Fault::reset);
  EXPECT_GE(taken.took, 30s);
  EXPECT_LT(taken.took, 32s);
  EXPECT_EQ(gateway.hooks().status, 200);
  EXPECT_EQ(gateway.hooks().reason, http::Reason::client_too_slow);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(SlowClient, that_takes_its_response_at_the_rate_gets_all_of_it_whatever_the_size_of_a_write) {
  GatewayWorld gateway(kDefaults);
  gateway.origin(3000, sending(300'000));
  auto taken = download(gateway, 600, 1s);
  EXPECT_EQ(taken.fault, Fault::none);
  EXPECT_GT(taken.bytes, 300'000u);
  EXPECT_GE(taken.took, 380s);
  EXPECT_TRUE(gateway.wind_up());
}

constexpr std::string_view kOneConnection = R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: { endpoints: [127.0.0.1:3000], connections: { max: 1 } } }
routes:    [{ upstream: app }]
)";

// One client takes its response at this pace while another waits for the upstream's only connection; whether
// the other was served within ten seconds.
bool makes_room(std::size_t piece, Duration pause) {
  GatewayWorld gateway(kOneConnection);
  const auto large = "HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + std::string(9'000'000, 'x');
  gateway.origin(3000, [&large](sim::Peer& peer) -> Task<void> {
    auto request = co_await peer.receive_until("\r\n\r\n");
    std::string_view response = has(request, "/large") ? std::string_view(large) : kOk;
    co_await peer.send(response);
    co_await peer.receive();
  });
  auto& loop = gateway.world().loop();
  bool stop = false, served = false;
  auto slow = [&]() -> Task<void> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    while (!stop) {
      co_await loop.sleep(pause);
      co_await peer->receive(piece);
    }
  };
  auto other = [&]() -> Task<void> {
    co_await loop.sleep(1s);
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    auto answer = co_await peer->receive();
    served = !stop && answer.starts_with("HTTP/1.1 200 ");
  };
  gateway.world().spawn(slow());
  gateway.world().spawn(other());
  for (int i = 0; i < 100; ++i) {
    gateway.world().run_for(100ms);
    gateway.make_room();
  }
  stop = true;
  EXPECT_TRUE(gateway.wind_up());
  return served;
}

TEST(SlowClient, loses_an_upstream_connection_that_others_wait_for) { EXPECT_TRUE(makes_room(10, 100ms)); }

TEST(SlowClient, that_is_fast_enough_keeps_an_upstream_connection_that_others_wait_for) {
  EXPECT_FALSE(makes_room(20'000, 100ms));
}

TEST(SlowUpstream, that_trickles_its_response_is_not_held_against_the_client) {
  GatewayWorld gateway(kDefaults);
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    for (int i = 0; i < 60; ++i) {
      co_await gateway.world().loop().sleep(5s);
      co_await peer.send(":\n\n");
    }
    peer.close();
  });
  auto taken = download(gateway, 1000, 0s);
  EXPECT_EQ(taken.fault, Fault::none);
  EXPECT_GE(taken.took, 300s);
  EXPECT_EQ(gateway.hooks().reason, http::Reason::none);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(SlowUpstream, that_trickles_the_request_away_is_not_held_against_the_client) {
  GatewayWorld gateway(kDefaults);
  gateway.world().network().set_capacity(1000);
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    for (int i = 0; i < 100; ++i) {
      co_await peer.receive(200);
      co_await gateway.world().loop().sleep(1s);
    }
    co_await peer.send(kOk);
    co_await peer.receive();
  });
  auto answer = upload(gateway, post(20'000), 20'000, 1, 0s);
  EXPECT_TRUE(answer.text.starts_with("HTTP/1.1 200 ")) << answer.text;
  EXPECT_GE(answer.took, 90s);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(SlowUpstream, has_the_routes_time_from_the_end_of_the_request) {
  for (auto [pause, status] : {std::pair{2s, "200"}, {4s, "504"}}) {
    auto answer = upload_to(kShort, post(20), 20, 10, 2, 4s, pause);
    EXPECT_TRUE(answer.text.starts_with("HTTP/1.1 " + std::string(status))) << answer.text;
    EXPECT_EQ(has(answer.text, "route_timeout"), pause == 4s) << answer.text;
  }
}

TEST(SlowUpstream, that_does_not_take_the_body_is_given_up_after_its_idle_time) {
  GatewayWorld gateway(kShort);
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await gateway.world().loop().sleep(5min);
  });
  auto answer = upload(gateway, post(4'000'000), 4'000'000, 1, 1ms);
  EXPECT_TRUE(answer.text.starts_with("HTTP/1.1 504 ")) << answer.text;
  EXPECT_TRUE(has(answer.text, "upstream_idle_timeout")) << answer.text;
  EXPECT_LT(answer.took, 4s);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(SlowUpstream, that_does_not_say_100_is_to_blame_not_the_client_that_waits_for_it) {  // RFC 9110 10.1.1
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080, limits: { body_timeout: 1s } }]
upstreams: { app: { endpoints: [127.0.0.1:3000], timeouts: { first_byte: 5s } } }
routes:    [{ upstream: app }]
)");
  gateway.origin(3000, [](sim::Peer& peer) -> Task<void> { co_await peer.receive(); });
  auto answer = upload(gateway, post(20, "Expect: 100-continue\r\n"), 0, 0, 0s);
  EXPECT_TRUE(has(answer.text, "\"reason\":\"upstream_timeout\"")) << answer.text;
  EXPECT_GE(answer.took, 5s);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(SlowClient, that_was_told_to_go_on_has_its_time_from_then) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080, limits: { body_timeout: 2s } }]
upstreams: { app: { endpoints: [127.0.0.1:3000], timeouts: { first_byte: 60s } } }
routes:    [{ upstream: app }]
)");
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await gateway.world().loop().sleep(5s);
    co_await peer.send("HTTP/1.1 100 Continue\r\n\r\n");
    co_await peer.receive();
  });
  auto answer = upload(gateway, post(20, "Expect: 100-continue\r\n"), 0, 0, 0s);
  EXPECT_TRUE(has(answer.text, "HTTP/1.1 100 ") && has(answer.text, "body_too_slow")) << answer.text;
  EXPECT_GE(answer.took, 7s);
  EXPECT_LT(answer.took, 8s);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(SlowClient, need_not_send_what_an_early_response_has_made_needless) {
  GatewayWorld gateway(kShort);
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nno");
    co_await gateway.world().loop().sleep(5min);
  });
  auto answer = upload(gateway, post(20, "Expect: 100-continue\r\n"), 0, 0, 0s);
  EXPECT_TRUE(answer.text.ends_with("\r\n\r\nno")) << answer.text;
  EXPECT_LT(answer.took, 4s) << "the upstream stands still, not the client";
  EXPECT_EQ(gateway.hooks().reason, http::Reason::upstream_idle_timeout);
  EXPECT_TRUE(gateway.wind_up());
}

// Opens a tunnel in which each side says something every so often, or never; how long it stood.
Duration tunnel(Duration client_pause, Duration origin_pause) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080, limits: { tunnel_timeout: 10s } }]
upstreams: { app: { endpoints: [127.0.0.1:3000], timeouts: { idle: 1s } } }
routes:    [{ upstream: app, timeout: 1s }]
)");
  auto& loop = gateway.world().loop();
  auto talk = [&loop](sim::Peer& peer, Duration pause) -> Task<void> {
    for (int i = 0; i < 10; ++i) {
      co_await loop.sleep(pause);
      if (peer.transport().peer_gone() || !co_await peer.send("x")) co_return;
    }
  };
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    if (origin_pause != 0s) co_await talk(peer, origin_pause);
    co_await peer.receive();
  });
  Duration stood{};
  auto client = [&]() -> Task<void> {
    auto before = gateway.world().now();
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    co_await peer->receive_until("\r\n\r\n");
    if (client_pause != 0s) co_await talk(*peer, client_pause);
    co_await peer->receive();
    stood = gateway.world().now() - before;
  };
  EXPECT_TRUE(gateway.world().run(client()));
  gateway.world().run_for(10s);
  EXPECT_EQ(gateway.hooks().status, 101);
  EXPECT_EQ(gateway.hooks().reason, http::Reason::tunnel_timeout);
  EXPECT_TRUE(gateway.wind_up());
  return stood;
}

TEST(Tunnel, ends_after_its_own_time_without_a_byte) {
  auto stood = tunnel(0s, 0s);
  EXPECT_GE(stood, 10s);
  EXPECT_LT(stood, 12s);
}

TEST(Tunnel, stands_while_one_side_speaks) {
  EXPECT_GE(tunnel(7s, 0s), 80s);
  EXPECT_GE(tunnel(0s, 7s), 80s);
}

}  // namespace
}  // namespace sluice::runtime::testing
