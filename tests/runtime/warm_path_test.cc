// A gateway that has seen some exchanges takes nothing from the heap for further ones.
#include <algorithm>
#include <array>

#include "base/poison.h"
#include "runtime/gateway_world.h"
#include "support/allocations.h"

namespace sluice::runtime::testing {
namespace {

constexpr std::string_view kOne = R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ name: all, upstream: app }]
)";

// One exchange, again and again. Client and origin know a message is over by how it ends.
struct Traffic {
  std::string name;
  std::string request, late_body;  // the second is sent a little later, where there is one
  std::string request_end;
  std::string response;
  std::string response_end;
};

std::string filler(std::size_t size) { return std::string(size - 8, '.') + "the end."; }

std::string length(std::size_t size) { return "Content-Length: " + std::to_string(size) + "\r\n\r\n"; }

constexpr const char* kGet =
    "GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n";
constexpr const char* kPost = "POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Type: text/plain\r\n";
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: text/plain\r\n";
constexpr const char* kChunked = "Transfer-Encoding: chunked\r\n\r\n";

std::string chunks() { return "5\r\nhello\r\n400\r\n" + std::string(1024, '.') + "\r\n0\r\n\r\n"; }

std::vector<Traffic> all_traffic() {
  const std::string body = length(1024) + filler(1024);
  return {
      {"get", kGet, "", "\r\n\r\n", kOk + body, "the end."},
      {"get_of_chunks", kGet, "", "\r\n\r\n", kOk + (kChunked + chunks()), "\r\n0\r\n\r\n"},
      {"get_in_two_pieces", kGet, "", "\r\n\r\n", kOk + length(20000) + filler(20000), "the end."},
      {"post", kPost + body, "", "the end.", kOk + body, "the end."},
      {"post_of_chunks", kPost + (kChunked + chunks()), "", "\r\n0\r\n\r\n", kOk + body, "the end."},
      {"post_in_two_parts", kPost + length(1024), filler(1024), "the end.", kOk + body, "the end."},
      {"post_of_late_chunks", kPost + std::string(kChunked), chunks(), "\r\n0\r\n\r\n", kOk + body,
       "the end."},
  };
}

// Reads to the end of one message; false at the end of the stream. Takes no heap.
Task<bool> read_message(net::Transport& transport, std::string_view end) {
  std::array<char, 16> tail{};
  for (;;) {
    auto chunk = co_await transport.read();
    if (!chunk || chunk->empty()) co_return false;
    const auto bytes = chunk->view().substr(chunk->size() - std::min(chunk->size(), tail.size()));
    std::shift_left(tail.begin(), tail.end(), static_cast<std::ptrdiff_t>(bytes.size()));
    std::copy(bytes.begin(), bytes.end(), tail.end() - static_cast<std::ptrdiff_t>(bytes.size()));
    if (std::string_view(tail.data(), tail.size()).ends_with(end)) co_return true;
  }
}

Task<void> ask(net::Loop& loop, net::Transport& transport, const Traffic& traffic, int times, int& answered) {
  const Slice request = traffic.request, late = traffic.late_body;
  for (int i = 0; i < times; ++i) {
    if (!co_await transport.write({&request, 1})) co_return;
    if (!late.empty()) {
      co_await loop.sleep(1ms);
      if (!co_await transport.write({&late, 1})) co_return;
    }
    if (!co_await read_message(transport, traffic.response_end)) co_return;
    ++answered;
  }
}

struct WarmPath : ::testing::TestWithParam<Traffic> {};
INSTANTIATE_TEST_SUITE_P(Every, WarmPath, ::testing::ValuesIn(all_traffic()),
                         [](const auto& test) { return test.param.name; });

TEST_P(WarmPath, does_not_touch_the_heap) {
#ifdef SLUICE_ASAN
  GTEST_SKIP() << "frames are not recycled under AddressSanitizer";
#endif
  const Traffic& traffic = GetParam();
  GatewayWorld gateway(kOne);
  auto& world = gateway.world();
  gateway.origin(3000, [&traffic](sim::Peer& peer) -> Task<void> {
    const Slice response = traffic.response;
    while (co_await read_message(peer.transport(), traffic.request_end)) {
      if (!co_await peer.transport().write({&response, 1})) co_return;
    }
  });
  auto connected = world.network().connect(gateway.address(), {});
  ASSERT_TRUE(connected);
  auto& client = **connected;
  int answered = 0;
  world.spawn(ask(world.loop(), client, traffic, 10, answered));
  ASSERT_TRUE(world.run_until([&] { return answered == 10; }));

  const auto before = test::allocations();
  world.spawn(ask(world.loop(), client, traffic, 100, answered));
  ASSERT_TRUE(world.run_until([&] { return answered == 110; }));
  EXPECT_EQ(test::allocations() - before, 0U);

  client.shutdown_write();
  world.run_for(10s);
  connected->reset();
  EXPECT_TRUE(gateway.wind_up());
}

}  // namespace
}  // namespace sluice::runtime::testing
