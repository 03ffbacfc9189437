// Bytes that pass from stream to stream in pipes, over every backend; where there are none they pass through
// memory.
#include <csignal>

#include "net/backends.h"
#include "net/pipe_pool.h"
#include "net/proxied_transport.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using Into = Transport::Into;

class Pipes : public BackendTest {
 public:
  using BackendTest::loop, BackendTest::make_pair, BackendTest::Pair;

  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // as the program does
    BackendTest::SetUp();
  }
};
INSTANTIATE_TEST_SUITE_P(Backends, Pipes, testing::ValuesIn(backends()),
                         [](const auto& each) { return each.param; });

Task<Result<void>> write_chunk(Transport& to, const Chunk& chunk, std::string_view in_front = {}) {
  Slice slices[] = {in_front, chunk.view()};
  WriteOp op;
  op.pipe = chunk.pipe();
  if (!to.begin_write(op, slices)) co_await Transport::pending(op);
  co_return op.result;
}

struct Passed {
  std::size_t bytes = 0, pipes = 0;
  Result<void> result{};
};

// Passes `bytes` on, as a proxy does with a body of known length.
Task<Passed> pass(Transport& from, Transport& to, std::size_t bytes, std::string_view in_front = {}) {
  Passed passed;
  const auto into = to.takes_pipes() ? Into::pipe : Into::memory;
  while (passed.bytes < bytes) {
    auto chunk = co_await from.read(bytes - passed.bytes, into);
    if (!chunk) passed.result = chunk.error();
    if (!chunk || chunk->empty()) break;
    passed.bytes += chunk->size();
    passed.pipes += chunk->pipe() != nullptr;
    passed.result = co_await write_chunk(to, *chunk, std::exchange(in_front, {}));
    if (!passed.result) break;
  }
  co_return passed;
}

Task<> send_all(Transport& to, const std::string& text) { (void)co_await send_text(to, text); }

TEST_P(Pipes, carry_a_body_and_leave_what_stands_behind_it) {
  run([](Pipes& t) -> Task<> {
    auto up = co_await t.make_pair();
    auto down = co_await t.make_pair();
    const std::string body = pattern(16 << 20), all = body + "behind";
    Child source, proxy;
    Passed passed;
    source.start(send_all(*up.client, all));
    proxy.start([](Pipes::Pair& in, Pipes::Pair& out, std::size_t bytes, Passed& what) -> Task<> {
      what = co_await pass(*in.server, *out.client, bytes, "head ");
      out.client->shutdown_write();
    }(up, down, body.size(), passed));
    std::string got;
    for (std::size_t reads = 0;; ++reads) {
      auto chunk = co_await down.server->read();
      EXPECT_TRUE(chunk);
      if (!chunk || chunk->empty()) break;
      got += chunk->view();
      if (reads % 16 == 0) co_await t.loop().sleep(1ms);  // a slow reader
    }
    co_await proxy.join();
    EXPECT_TRUE(passed.result);
    if (up.server->takes_pipes()) {
      EXPECT_EQ(passed.bytes, body.size());
      EXPECT_GT(passed.pipes, 0u);
      EXPECT_TRUE(got == "head " + body);
      auto behind = co_await receive_text(*up.server, 6);
      EXPECT_EQ(behind, "behind");
    } else {
      EXPECT_EQ(passed.pipes, 0u);
      EXPECT_TRUE(got.starts_with("head " + body));
    }
    co_await source.join();
  }(*this));
}

TEST_P(Pipes, carry_a_body_behind_a_proxy_header) {
  run([](Pipes& t) -> Task<> {
    auto up = co_await t.make_pair();
    auto down = co_await t.make_pair();
    const std::string begin = "begin", body = pattern(1 << 20);
    (void)co_await send_text(*up.client, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + begin);
    auto accepted = co_await ProxiedTransport::accept(std::move(up.server));
    EXPECT_TRUE(accepted);
    if (!accepted) co_return;
    const auto proxied = std::move(*accepted);
    EXPECT_EQ(proxied->takes_pipes(), down.client->takes_pipes());
    Child source, proxy;
    Passed passed;
    source.start(send_all(*up.client, body));
    proxy.start([](Transport& in, Transport& out, std::size_t bytes, Passed& what) -> Task<> {
      what = co_await pass(in, out, bytes);
      out.shutdown_write();
    }(*proxied, *down.client, begin.size() + body.size(), passed));
    auto got = co_await receive_text(*down.server, begin.size() + body.size());
    EXPECT_TRUE(got == begin + body);
    co_await proxy.join();
    co_await source.join();
    EXPECT_EQ(passed.pipes > 0, proxied->takes_pipes());
  }(*this));
}

TEST_P(Pipes, end_with_the_stream) {
  run([](Pipes& t) -> Task<> {
    auto up = co_await t.make_pair();
    auto down = co_await t.make_pair();
    (void)co_await send_text(*up.client, "cut");
    up.client->shutdown_write();
    auto passed = co_await pass(*up.server, *down.client, 1 << 20);
    EXPECT_TRUE(passed.result);
    EXPECT_EQ(passed.bytes, 3u);
    auto got = co_await receive_text(*down.server, 3);
    EXPECT_EQ(got, "cut");
    EXPECT_TRUE(up.server->peer_gone());
  }(*this));
}

TEST_P(Pipes, lose_nothing_when_a_read_is_given_up) {
  run([](Pipes& t) -> Task<> {
    auto pair = co_await t.make_pair();
    Child reader;
    Fault fault = Fault::none;
    reader.start([](Transport& from, Fault& how) -> Task<> {
      auto chunk = co_await from.read(1 << 20, Into::pipe);
      EXPECT_FALSE(chunk);
      if (!chunk) how = chunk.error().fault;
    }(*pair.server, fault));
    co_await t.loop().sleep(5ms);
    pair.server->cancel_read();
    co_await reader.join();
    EXPECT_EQ(fault, Fault::cancelled);
    (void)co_await send_text(*pair.client, "later");
    auto got = co_await receive_text(*pair.server, 5);
    EXPECT_EQ(got, "later");
  }(*this));
}

TEST_P(Pipes, fail_when_the_peer_has_gone_and_serve_the_next_body_all_the_same) {
  run([](Pipes& t) -> Task<> {
    const std::string body = pattern(2 << 20);
    for (int round = 0; round < 40; ++round) {  // more than there are pipes
      auto up = co_await t.make_pair();
      auto down = co_await t.make_pair();
      Child source;
      source.start(send_all(*up.client, body));
      (void)co_await receive_text(*up.server, 1);
      auto chunk =
          co_await up.server->read(body.size(), down.client->takes_pipes() ? Into::pipe : Into::memory);
      EXPECT_TRUE(chunk && !chunk->empty());
      down.server->abort(Fault::cancelled, true);
      for (bool written = true; written && chunk && !chunk->empty();) {
        auto sent = co_await write_chunk(*down.client, *chunk);
        written = sent.has_value();
        if (!written) break;
        chunk = co_await up.server->read(body.size());
      }
      up.server->abort(Fault::cancelled, true);
      co_await source.join();
    }
    auto up = co_await t.make_pair();
    auto down = co_await t.make_pair();
    Child source, proxy;
    source.start(send_all(*up.client, body));
    proxy.start([](Pipes::Pair& in, Pipes::Pair& out, std::size_t bytes) -> Task<> {
      auto passed = co_await pass(*in.server, *out.client, bytes);
      EXPECT_EQ(passed.pipes != 0, in.server->takes_pipes());
    }(up, down, body.size()));
    auto got = co_await receive_text(*down.server, body.size());
    EXPECT_TRUE(got == body);
    co_await source.join();
    co_await proxy.join();
  }(*this));
}

TEST_P(Pipes, end_a_write_that_waits_when_it_is_aborted) {
  run([](Pipes& t) -> Task<> {
    auto up = co_await t.make_pair();
    auto down = co_await t.make_pair();
    const std::string body = pattern(32 << 20);  // more than the sockets take
    Child source, proxy;
    Passed passed;
    source.start(send_all(*up.client, body));
    proxy.start([](Pipes::Pair& in, Pipes::Pair& out, std::size_t bytes, Passed& what) -> Task<> {
      what = co_await pass(*in.server, *out.client, bytes);
    }(up, down, body.size(), passed));
    co_await t.loop().sleep(30ms);
    EXPECT_TRUE(proxy.running());
    down.client->abort(Fault::timed_out);
    co_await proxy.join();
    EXPECT_FALSE(passed.result);
    if (!passed.result) {
      EXPECT_EQ(passed.result.error().fault, Fault::timed_out);
    }
    up.server->abort(Fault::cancelled, true);
    co_await source.join();
  }(*this));
}

TEST_P(Pipes, give_way_to_memory_where_all_are_in_use) {
  run([](Pipes& t) -> Task<> {
    std::vector<Pipes::Pair> pairs;
    std::vector<Chunk> held;
    for (std::size_t i = 0; i <= PipePool::kPipes; ++i) {
      pairs.push_back(co_await t.make_pair());
      (void)co_await send_text(*pairs.back().client, "ping");
      auto chunk = co_await pairs.back().server->read(1 << 20, Into::pipe);
      EXPECT_TRUE(chunk && chunk->size() == 4);
      if (!chunk) co_return;
      held.push_back(std::move(*chunk));
    }
    EXPECT_EQ(held.back().view(), "ping");
    EXPECT_EQ(held.front().pipe() != nullptr, pairs.front().server->takes_pipes());
  }(*this));
}

}  // namespace
}  // namespace sluice::net
