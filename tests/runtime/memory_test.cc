// What becomes of the gateway near its memory ceiling.
#include <filesystem>
#include <fstream>

#include "runtime/gateway_world.h"
#include "runtime/memory_limit.h"
#include "runtime/memory_watch.h"

namespace sluice::runtime::testing {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// A process that is as large as the test says.
struct Process {
  std::uint64_t resident = 10 * kMiB, load = 0;
  int shed = 0, released = 0, trimmed = 0;

  MemoryWatch::Process hooks() {
    return {.resident = [this] { return resident; },
            .load = [this] { return load; },
            .shed = [this] { ++shed; },
            .release = [this] { ++released; },
            .trim = [this] { ++trimmed; }};
  }
};

struct Watched {
  explicit Watched(std::uint64_t ceiling) : watch(world.loop(), pressure, ceiling, process.hooks()) {
    log::configure({.level = log::Level::off});
    watch.start();
  }
  void at(std::uint64_t mebibytes) {
    process.resident = mebibytes * kMiB;
    world.run_for(200ms);
  }

  sim::World world;
  Process process;
  SharedMemoryPressure pressure;
  MemoryWatch watch;
};

TEST(MemoryWatch, feels_pressure_from_nine_tenths_until_below_eight) {
  Watched it(100 * kMiB);
  it.at(90);
  EXPECT_FALSE(it.pressure.high());
  it.at(91);
  EXPECT_TRUE(it.pressure.high());
  it.at(81);
  EXPECT_TRUE(it.pressure.high());
  it.at(79);
  EXPECT_FALSE(it.pressure.high());
  EXPECT_EQ(it.pressure.resident(), 79 * kMiB);
}

TEST(MemoryWatch, sheds_at_once_and_then_every_second_while_pressure_lasts) {
  Watched it(100 * kMiB);
  it.at(95);
  EXPECT_EQ(it.process.shed, 1);
  EXPECT_EQ(it.process.released, 1);
  EXPECT_EQ(it.process.trimmed, 1);
  it.world.run_for(3s);
  EXPECT_EQ(it.process.shed, 4);
  it.at(10);
  it.world.run_for(3s);
  EXPECT_EQ(it.process.shed, 4);
}

TEST(MemoryWatch, gives_back_what_a_load_has_left_behind) {
  Watched it(0);
  it.process.load = 1000;
  it.world.run_for(10s);
  EXPECT_EQ(it.process.released, 0);
  it.process.load = 500;
  it.world.run_for(10s);
  EXPECT_EQ(it.process.released, 1);
  EXPECT_EQ(it.process.trimmed, 1);
  it.process.load = 0;
  it.world.run_for(10s);
  EXPECT_EQ(it.process.released, 2);
  EXPECT_EQ(it.process.shed, 0);
}

TEST(MemoryWatch, gives_back_what_a_load_has_left_behind_that_came_and_went_unseen) {
  Watched it(0);
  it.at(10);
  it.at(13);
  it.world.run_for(10s);
  EXPECT_EQ(it.process.released, 0) << "little is left";
  it.at(30);
  it.world.run_for(10s);
  EXPECT_EQ(it.process.released, 1);
  EXPECT_EQ(it.process.trimmed, 1);
  it.at(33);
  it.world.run_for(10s);
  EXPECT_EQ(it.process.released, 1) << "what was not given back is in use";
}

TEST(MemoryWatch, never_feels_pressure_without_a_ceiling) {
  Watched it(0);
  it.at(1'000'000);
  EXPECT_FALSE(it.pressure.high());
}

TEST(MemoryWatch, sees_this_process) {
  auto process = this_process();
  EXPECT_GT(process.resident(), kMiB);
  process.trim();
}

TEST(MemoryLimit, is_auto_off_or_a_size) {
  EXPECT_EQ(memory_ceiling(parse_memory_limit("auto").value(), 1000 * kMiB), 800 * kMiB);
  EXPECT_EQ(memory_ceiling(parse_memory_limit("off").value(), 1000 * kMiB), 0u);
  EXPECT_EQ(memory_ceiling(parse_memory_limit("64MiB").value(), 1000 * kMiB), 64 * kMiB);
  for (const char* wrong : {"", "1MiB", "80%", "much"})
    EXPECT_FALSE(parse_memory_limit(wrong).has_value()) << wrong;
}

class Root {
 public:
  Root() : path_(std::filesystem::temp_directory_path() / ("sluice-root-" + std::to_string(::getpid()))) {}
  ~Root() { std::filesystem::remove_all(path_); }
  void write(const std::string& file, const std::string& text) {
    auto path = path_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST(MemoryLimit, is_the_tightest_of_the_cgroups_on_the_way_up) {
  Root root;
  root.write("proc/self/cgroup", "0::/a/b\n");
  EXPECT_EQ(available_memory(root.path()), available_memory("/nonexistent"))
      << "the machine's, where none is set";
  root.write("sys/fs/cgroup/a/b/memory.max", "max\n");
  root.write("sys/fs/cgroup/a/memory.max", "67108864\n");
  EXPECT_EQ(available_memory(root.path()), 64 * kMiB);
  root.write("sys/fs/cgroup/a/b/memory.max", "33554432\n");
  EXPECT_EQ(available_memory(root.path()), 32 * kMiB);
  root.write("proc/self/cgroup", "5:cpu:/c\n4:memory:/c\n");
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "16777216\n");
  EXPECT_EQ(available_memory(root.path()), 16 * kMiB) << "a container sees its own group at the root";
}

constexpr std::string_view kConfig = R"(
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { app: [127.0.0.1:3000] }
routes:    [{ upstream: app, buffer_request: 64KiB }]
)";

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

bool is_refusal(std::string_view answer) {
  return answer.starts_with("HTTP/1.1 503 ") && has(answer, "\"reason\":\"memory_pressure\"") &&
         has(answer, "Connection: close\r\n") && has(answer, "Retry-After: 1\r\n");
}

TEST(MemoryPressure, turns_new_connections_away_with_the_reason) {
  GatewayWorld gateway(kConfig);
  gateway.origin(3000, answering(std::string(kOk)));
  gateway.memory().set_high(true);
  auto answer = gateway.exchange("");
  EXPECT_TRUE(is_refusal(answer)) << answer;
  gateway.memory().set_high(false);
  answer = gateway.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(MemoryPressure, refuses_the_next_request_of_a_connection_and_ends_it) {
  GatewayWorld gateway(kConfig);
  gateway.origin(3000, answering(std::string(kOk)));
  auto client = [&]() -> Task<std::string> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send(kGet);
    co_await peer->receive_until("\r\n\r\nok");
    gateway.memory().set_high(true);
    co_await peer->send(kGet);
    co_return co_await peer->receive();
  };
  auto answer = gateway.world().run(client()).value_or("");
  EXPECT_TRUE(is_refusal(answer)) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(MemoryPressure, lets_requests_under_way_finish) {
  GatewayWorld gateway(kConfig);
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    gateway.memory().set_high(true);
    gateway.end_waiting();
    co_await gateway.world().loop().sleep(1s);
    co_await peer.send(kOk);
    co_await peer.receive();
  });
  auto answer = gateway.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

TEST(MemoryPressure, ends_connections_that_wait_for_a_request_or_the_rest_of_one) {
  for (std::string_view sent : {std::string_view(), std::string_view("GET / HTTP/1.1\r\nHost"), kGet}) {
    GatewayWorld gateway(kConfig);
    gateway.origin(3000, answering(std::string(kOk)));
    Duration took{};
    auto client = [&]() -> Task<void> {
      auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
      co_await peer->send(sent);
      gateway.end_waiting();
      co_await gateway.world().loop().sleep(2s);
      EXPECT_EQ(gateway.connections(), 1u) << "one that has just come is let be";
      auto before = gateway.world().now();
      gateway.end_waiting();
      co_await peer->receive();
      took = gateway.world().now() - before;
    };
    EXPECT_TRUE(gateway.world().run(client()));
    EXPECT_LT(took, 1s) << sent;
    EXPECT_TRUE(gateway.wind_up());
  }
}

TEST(MemoryPressure, buffers_no_more_of_a_request) {
  GatewayWorld gateway(kConfig);
  std::string early;
  gateway.origin(3000, [&](sim::Peer& peer) -> Task<void> {
    co_await peer.receive_until("\r\n\r\n");
    early = co_await peer.receive(6);
    co_await peer.receive(3);
    co_await peer.send(kOk);
    co_await peer.receive();
  });
  auto client = [&]() -> Task<std::string> {
    auto peer = co_await sim::connect(gateway.world().network(), gateway.address());
    co_await peer->send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9\r\n\r\nabc");
    co_await gateway.world().loop().sleep(1s);
    gateway.memory().set_high(true);
    co_await peer->send("def");
    co_await gateway.world().loop().sleep(1s);
    EXPECT_EQ(early, "abcdef");
    co_await peer->send("ghi");
    co_return co_await peer->receive();
  };
  auto answer = gateway.world().run(client()).value_or("");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_TRUE(gateway.wind_up());
}

}  // namespace
}  // namespace sluice::runtime::testing
