// The same time and the same least rate for the bodies of HTTP/2, stream by stream.
#include <map>

#include "runtime/gateway_world.h"

namespace sluice::runtime::testing {
namespace {

constexpr std::string_view kDefaults = R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: { endpoints: [127.0.0.1:3000], timeouts: { first_byte: 10m, idle: 10m } } }
routes:    [{ upstream: app, timeout: 10m }]
)";

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

enum Type : std::uint8_t {
  kData,
  kHeaders,
  kPriority,
  kReset,
  kSettings,
  kGoaway = 7,
  kWindowUpdate,
  kNone = 255
};
constexpr std::uint8_t kEndStream = 1, kEndHeaders = 4, kWithPriority = 0x20;
constexpr std::uint32_t kCancel = 8, kLargestWindow = 0x7FFFFFFF;

std::string number(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

std::uint32_t number_at(std::string_view text) {
  std::uint32_t value = 0;
  for (char byte : text.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::string frame(Type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  auto head = number(static_cast<std::uint32_t>(payload.size())).substr(1);
  head += {static_cast<char>(type), static_cast<char>(flags)};
  return head.append(number(stream)).append(payload);
}

// A head with :scheme http, :path / and :authority a (RFC 7541, appendix A).
std::string get(std::uint32_t stream) {
  return frame(kHeaders, kEndHeaders | kEndStream, stream,
               "\x82\x86\x84\x01\x01"
               "a");
}
std::string post(std::uint32_t stream) {
  return frame(kHeaders, kEndHeaders, stream,
               "\x83\x86\x84\x01\x01"
               "a");
}
std::string behind(std::uint32_t stream, std::uint32_t other) {
  return frame(kPriority, 0, stream, number(other) + '\0');
}
std::string window(std::uint32_t stream, std::uint32_t increment) {
  return frame(kWindowUpdate, 0, stream, number(increment));
}

struct Frame {
  Type type = kNone;  // at the end of the connection, too
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
};

class Client {
 public:
  explicit Client(GatewayWorld& gateway) noexcept : gateway_(gateway) {}

  Task<void> open(std::uint32_t stream_window, std::uint32_t more_of_the_connection) {
    peer_ = co_await sim::connect(gateway_.world().network(), gateway_.address());
    auto opening = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                   frame(kSettings, 0, 0, std::string("\0\4", 2) + number(stream_window));
    if (more_of_the_connection != 0) opening += window(0, more_of_the_connection);
    co_await peer_->send(opening);
  }

  Task<bool> send(std::string bytes) { co_return co_await peer_->send(bytes); }

  Task<Frame> next() {
    auto head = co_await peer_->receive(9);
    if (head.size() < 9) co_return Frame{};
    Frame frame{static_cast<Type>(head[3]),
                static_cast<std::uint8_t>(head[4]),
                number_at(std::string_view(head).substr(5)),
                {}};
    const auto size = number_at('\0' + head.substr(0, 3));
    if (size != 0) frame.payload = co_await peer_->receive(size);
    co_return frame;
  }

  /// The next of the stream: HEADERS, DATA or RST_STREAM.
  Task<Frame> next_of(std::uint32_t stream) {
    for (;;) {
      auto frame = co_await next();
      const bool wanted = frame.type == kData || frame.type == kHeaders || frame.type == kReset;
      if (frame.type == kNone || (wanted && frame.stream == stream)) co_return frame;
    }
  }

  /// DATA of the stream to its end; what came instead of an end is left in `last`.
  Task<std::string> body(std::uint32_t stream) {
    std::string whole;
    for (;;) {
      last = co_await next_of(stream);
      if (last.type == kData) whole += last.payload;
      if (last.type == kNone || last.type == kReset || (last.flags & kEndStream)) co_return whole;
    }
  }

  sim::Peer& peer() { return *peer_; }
  Frame last;

 private:
  GatewayWorld& gateway_;
  std::optional<sim::Peer> peer_;
};

struct Answer {
  std::string text;
  Frame last;
  Duration took{};
};

// Sends a piece of the body after each pause; what comes back.
Answer upload(GatewayWorld& gateway, std::size_t piece, int pieces, Duration pause) {
  auto speak = [&]() -> Task<Answer> {
    const auto before = gateway.world().now();
    Client client(gateway);
    co_await client.open(65535, 0);
    co_await client.send(post(1));
    bool over = false;
    auto sending = [&]() -> Task<void> {
      for (int i = 0; i < pieces && !over; ++i) {
        co_await gateway.world().loop().sleep(pause);
        const bool last = i + 1 == pieces;
        auto data = frame(kData, last ? kEndStream : 0, 1, std::string(piece, 'x'));
        if (over || !co_await client.send(data)) break;
      }
    };
    Child sender;
    sender.start(sending());
    auto text = co_await client.body(1);
    over = true;
    Answer answer{text, client.last, gateway.world().now() - before};
    co_await sender.join();
    co_return answer;
  };
  return gateway.world().run(speak()).value_or(Answer{"it hangs", {}, {}});
}

GatewayWorld::Origin answering_at_the_end() {
  return [](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n0\r\n\r\n");
    co_await peer.send(kOk);
    co_await peer.receive();
  };
}

GatewayWorld::Origin sending(std::size_t bytes) {
  return answering("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
                   std::string(bytes, 'x'));
}

TEST(SlowH2Client, may_take_longer_than_every_timeout_as_long_as_it_sends) {
  GatewayWorld gateway(kDefaults);
  gateway.origin(3000, answering_at_the_end());
  auto answer = upload(gateway, 1000, 70, 1s);
  EXPECT_EQ(answer.text, "ok");
  EXPECT_GE(answer.took, 70s);
  EXPECT_TRUE(gateway.wind_up());
}

// Such a piece of a body after each pause is too little, and the client is told so after this time.
void expect_too_slow(std::size_t piece, int pieces, Duration pause, Duration least, Duration most) {
  GatewayWorld gateway(kDefaults);
  gateway.origin(3000, answering_at_the_end());
  auto answer = upload(gateway, piece, pieces, pause);
  EXPECT_NE(answer.text.find("\"reason\":\"body_too_slow\""), std::string::npos) << answer.text;
  EXPECT_GE(answer.took, least);
  EXPECT_LT(answer.took, most);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(SlowH2Client, that_drips_its_body_is_told_so_however_often_it_does) {
  expect_too_slow(1, 4000, 100ms, 30s, 34s);
}

TEST(SlowH2Client, at_half_the_rate_has_twice_the_time) { expect_too_slow(250, 280, 1s, 55s, 65s); }

TEST(SlowH2Client, may_drip_where_no_rate_is_asked) {
  GatewayWorld gateway(R"(
listeners: [{ address: 127.0.0.1:8080, limits: { body_min_rate: off } }]
upstreams: { app: { endpoints: [127.0.0.1:3000], timeouts: { idle: 1h } } }
routes:    [{ upstream: app }]
)");
  gateway.origin(3000, answering_at_the_end());
  auto answer = upload(gateway, 1, 20, 20s);
  EXPECT_EQ(answer.text, "ok");
  EXPECT_TRUE(gateway.wind_up());
}

// Opens the stream's window by so much after each pause.
Answer download(GatewayWorld& gateway, std::uint32_t increment, Duration pause) {
  auto speak = [&]() -> Task<Answer> {
    const auto before = gateway.world().now();
    Client client(gateway);
    co_await client.open(1, kLargestWindow - 65535);
    co_await client.send(get(1));
    bool over = false;
    auto opening = [&]() -> Task<void> {
      while (!over) {
        co_await gateway.world().loop().sleep(pause);
        if (over || !co_await client.send(window(1, increment))) break;
      }
    };
    Child opener;
    opener.start(opening());
    auto text = co_await client.body(1);
    over = true;
    Answer answer{text, client.last, gateway.world().now() - before};
    co_await opener.join();
    co_return answer;
  };
  return gateway.world().run(speak()).value_or(Answer{"it hangs", {}, {}});
}

TEST(SlowH2Client, that_opens_its_window_in_drops_loses_its_stream) {
  GatewayWorld gateway(kDefaults);
  gateway.origin(3000, sending(500'000));
  auto answer = download(gateway, 1, 100ms);
  EXPECT_EQ(answer.last.type, kReset);
  EXPECT_EQ(number_at(answer.last.payload), kCancel);
  EXPECT_GE(answer.took, 30s);
  EXPECT_LT(answer.took, 34s);
  EXPECT_EQ(gateway.hooks().status, 200);
  EXPECT_EQ(gateway.hooks().reason, http::Reason::client_too_slow);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(SlowH2Client, that_opens_its_window_at_the_rate_gets_all) {
  GatewayWorld gateway(kDefaults);
  gateway.origin(3000, sending(100'000));
  auto answer = download(gateway, 600, 1s);
  EXPECT_EQ(answer.text.size(), 100'000u);
  EXPECT_GE(answer.took, 150s);
  EXPECT_TRUE(gateway.wind_up());
}

// Opens every window at once, and takes so much of what the network brings after each pause.
Answer take(GatewayWorld& gateway, std::size_t piece, Duration pause) {
  auto speak = [&]() -> Task<Answer> {
    const auto before = gateway.world().now();
    Client client(gateway);
    co_await client.open(kLargestWindow, kLargestWindow - 65535);
    co_await client.send(get(1));
    Answer answer;
    while (gateway.hooks().done == 0) {
      co_await gateway.world().loop().sleep(pause);
      auto text = co_await client.peer().receive(piece);
      answer.text += text;
    }
    answer.took = gateway.world().now() - before;
    client.peer().close();
    co_return answer;
  };
  return gateway.world().run(speak()).value_or(Answer{"it hangs", {}, {}});
}

TEST(SlowH2Client, that_takes_the_connection_in_drops_loses_it) {
  GatewayWorld gateway(kDefaults);
  gateway.origin(3000, sending(500'000));
  auto answer = take(gateway, 10, 1s);
  EXPECT_GE(answer.took, 30s);
  EXPECT_LT(answer.took, 34s);
  EXPECT_EQ(gateway.hooks().reason, http::Reason::client_too_slow);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(SlowH2Client, that_takes_the_connection_at_the_rate_gets_all) {
  GatewayWorld gateway(kDefaults);
  gateway.origin(3000, sending(300'000));
  auto answer = take(gateway, 600, 1s);
  EXPECT_GE(answer.took, 200s);
  EXPECT_EQ(gateway.hooks().reason, http::Reason::none);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(SlowH2Client, may_let_a_stream_wait_for_another_that_it_prefers) {
  GatewayWorld gateway(kDefaults);
  gateway.origin(3000, sending(100'000));
  Duration waited{};
  auto speak = [&]() -> Task<std::map<std::uint32_t, std::size_t>> {
    Client client(gateway);
    co_await client.open(kLargestWindow, 0);
    co_await client.send(get(1) + get(3) + behind(3, 1));
    const auto before = gateway.world().now();
    std::map<std::uint32_t, std::size_t> taken;
    std::size_t whole = 0;
    while (whole < 200'000) {
      auto got = co_await client.next();
      if (got.type == kNone || got.type == kReset) break;
      if (got.type != kData) continue;
      if (got.stream == 3 && taken[3] == 0) waited = gateway.world().now() - before;
      taken[got.stream] += got.payload.size();
      whole += got.payload.size();
      if (whole < 65535) continue;
      co_await gateway.world().loop().sleep(1s);
      co_await client.send(window(0, 550));
    }
    client.peer().close();
    co_return taken;
  };
  auto taken = gateway.world().run(speak()).value_or(std::map<std::uint32_t, std::size_t>{});
  EXPECT_GE(waited, 31s);
  EXPECT_EQ(taken[1], 100'000u);
  EXPECT_EQ(taken[3], 100'000u);
  EXPECT_TRUE(gateway.wind_up());
}

TEST(SlowH2Client, is_not_blamed_where_its_other_uploads_have_used_up_the_connection_s_window) {
  GatewayWorld gateway(kDefaults);
  gateway.world().network().set_capacity(1000);
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    co_await gateway.world().loop().sleep(100s);
    co_await peer.receive_until("\r\n0\r\n\r\n");
    co_await peer.send(kOk);
    co_await peer.receive();
  });
  constexpr std::uint32_t kUploads = 17, kLast = 2 * kUploads + 1;
  auto speak = [&]() -> Task<std::string> {
    Client client(gateway);
    co_await client.open(65535, 0);
    co_await client.send(post(kLast - 2 * kUploads));
    std::size_t left = 1 << 20;  // of the connection's window
    for (std::uint32_t stream = 3; stream <= kLast; stream += 2) co_await client.send(post(stream));
    for (std::uint32_t stream = 3; stream <= kLast; stream += 2) {
      for (int i = 0; i < 4; ++i) {
        const auto size = std::min<std::size_t>(left, 16384 - (i == 3));
        left -= size;
        co_await client.send(frame(kData, 0, stream, std::string(size, 'x')));
      }
    }
    bool greeted = false;
    for (;;) {
      auto got = co_await client.next();
      if (got.type == kNone) break;
      if (got.type == kHeaders && got.stream == 1) break;
      if (got.type != kWindowUpdate || got.stream != 0) continue;
      if (std::exchange(greeted, true)) co_await client.send(frame(kData, kEndStream, 1, "x"));
    }
    auto text = co_await client.body(1);
    client.peer().close();
    co_return text;
  };
  const auto before = gateway.world().now();
  EXPECT_EQ(gateway.world().run(speak()).value_or("it hangs"), "ok");
  EXPECT_GE(gateway.world().now() - before, 100s);
  EXPECT_TRUE(gateway.wind_up());
}

}  // namespace
}  // namespace sluice::runtime::testing
