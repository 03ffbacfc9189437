// The ring against the real kernel: what the suite over all loops does not ask.
#include "net/uring/uring_loop.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/task.h"
#include "net/listen.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

struct Pair {
  std::unique_ptr<Transport> client, server;
};

struct Told final : Watcher {
  int times = 0;
  void on_activity() noexcept override { ++times; }
};

// A loop with a listener on a port of the kernel's choice.
class UringLoopTest : public testing::Test {
 protected:
  void SetUp() override {
    if (auto why = uring_unusable(); !why.empty()) GTEST_SKIP() << why;
    open({});
  }

  void TearDown() override { acceptor_.reset(); }

  void open(const LoopOptions& options) {
    acceptor_.reset();
    loop_ = std::make_unique<UringLoop>(clock_, options);
    auto sockets = listen_on(Address::ipv4_loopback(0), {});
    ASSERT_TRUE(sockets);
    where_ = sockets->front().address;
    acceptor_ = std::move(*loop_->network().listen(sockets->front()));
  }

  // Turns the loop until the task is over.
  void run(Task<void> task) {
    TaskGroup group;
    group.spawn(std::move(task));
    auto give_up = clock_.now() + 10s;
    while (group.size() != 0 && clock_.now() < give_up) loop_->turn(clock_.now() + 100ms);
    ASSERT_EQ(group.size(), 0U);
  }

  void turns(int count) {
    while (count-- > 0) loop_->turn(clock_.now() + 5ms);
  }

  Task<Pair> connected() {
    Pair pair;
    pair.client = std::move(*loop_->network().connect(where_, {}));
    EXPECT_TRUE(co_await pair.client->connected());
    pair.server = std::move(*co_await acceptor_->accept());
    co_return pair;
  }

  static Task<void> send(Transport& to, std::string_view text) {
    std::array slices{Slice(text)};
    EXPECT_TRUE(co_await to.write(slices));
  }

  static Task<std::string> receive(Transport& from, std::size_t size) {
    std::string all;
    while (all.size() < size) {
      auto chunk = co_await from.read(size - all.size());
      if (!chunk || chunk->empty()) break;
      all += chunk->view();
    }
    co_return all;
  }

  SystemClock clock_;
  std::unique_ptr<UringLoop> loop_;
  std::unique_ptr<Acceptor> acceptor_;
  Address where_;
};

TEST_F(UringLoopTest, carries_bytes_both_ways_and_shows_the_end) {
  run([&]() -> Task<void> {
    auto pair = co_await connected();
    EXPECT_EQ(pair.server->peer(), pair.client->local());
    EXPECT_EQ(pair.client->peer(), where_);
    co_await send(*pair.client, "ping");
    EXPECT_EQ(co_await receive(*pair.server, 4), "ping");
    co_await send(*pair.server, "pong");
    EXPECT_EQ(co_await receive(*pair.client, 4), "pong");
    pair.client.reset();
    for (int i = 0; i < 2; ++i) {
      auto end = co_await pair.server->read();
      EXPECT_TRUE(end && end->empty());
    }
    EXPECT_TRUE(pair.server->peer_gone());
  }());
}

TEST_F(UringLoopTest, accepted_sockets_inherit_nodelay) {
  int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto any = Address::ipv4_loopback(0);
  ASSERT_EQ(::bind(listening, any.raw(), any.length()), 0);
  ASSERT_EQ(::listen(listening, 1), 0);
  sockaddr_in bound{};
  socklen_t size = sizeof(bound);
  ::getsockname(listening, reinterpret_cast<sockaddr*>(&bound), &size);
  int duplicate = ::dup(listening);
  auto acceptor = std::move(*loop_->network().listen({listening, any}));
  int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&bound), size), 0);
  int accepted = ::accept(duplicate, nullptr, nullptr);
  int on = 0;
  size = sizeof(on);
  ASSERT_EQ(::getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
  EXPECT_EQ(on, 1);
  for (int descriptor : {duplicate, client, accepted}) ::close(descriptor);
}

TEST_F(UringLoopTest, a_gathered_write_of_many_slices_arrives_whole) {
  run([&]() -> Task<void> {
    auto pair = co_await connected();
    std::string piece(60'001, 'x');
    std::vector<Slice> slices;
    for (int i = 0; i < 100; ++i) {
      piece[static_cast<std::size_t>(i)] = 'y';
      slices.push_back(i % 7 == 0 ? Slice()
                                  : Slice(piece).substr(0, piece.size() - static_cast<std::size_t>(i)));
    }
    std::string wanted;
    for (auto slice : slices) wanted += slice;
    bool written = false;
    Child writer;
    writer.start([](Transport& to, std::vector<Slice>& what, bool& done) -> Task<void> {
      done = (co_await to.write(what)).has_value();
    }(*pair.client, slices, written));
    EXPECT_FALSE(written);  // far more than the sockets hold
    EXPECT_TRUE(co_await receive(*pair.server, wanted.size()) == wanted);
    co_await writer.join();
    EXPECT_TRUE(written);
  }());
}

TEST_F(UringLoopTest, a_read_that_expects_much_gets_a_large_buffer) {
  run([&]() -> Task<void> {
    auto pair = co_await connected();
    std::string body(200'000, 'b');
    Child writer;
    writer.start(send(*pair.client, body));
    std::size_t got = 0, largest = 0;
    while (got < body.size()) {
      auto chunk = co_await pair.server->read(body.size());
      EXPECT_TRUE(chunk && !chunk->empty());
      got += chunk->size();
      largest = std::max(largest, chunk->size());
    }
    EXPECT_GT(largest, 16U * 1024);
    co_await writer.join();
  }());
}

TEST_F(UringLoopTest, a_cancelled_read_loses_no_byte) {
  run([&]() -> Task<void> {
    auto pair = co_await connected();
    Result<Chunk> first = Chunk{};
    Child reader;
    reader.start([](Transport& from, Result<Chunk>& out) -> Task<void> { out = co_await from.read(); }(
                                                             *pair.server, first));
    pair.server->cancel_read();
    co_await reader.join();
    EXPECT_EQ(first.error().fault, Fault::cancelled);
    co_await send(*pair.client, "late");
    EXPECT_EQ(co_await receive(*pair.server, 4), "late");
  }());
}

TEST_F(UringLoopTest, a_watcher_is_told_once_and_the_bytes_are_kept) {
  run([&]() -> Task<void> {
    auto pair = co_await connected();
    Told told;
    pair.server->watch(&told);
    co_await send(*pair.client, "early");
    while (told.times == 0) co_await loop_->sleep(1ms);
    co_await loop_->sleep(2ms);
    EXPECT_EQ(told.times, 1);
    pair.server->watch(&told);  // kept bytes are activity too, told from the loop
    EXPECT_EQ(told.times, 1);
    co_await loop_->sleep(2ms);
    EXPECT_EQ(told.times, 2);
    EXPECT_EQ(co_await receive(*pair.server, 5), "early");
  }());
}

TEST_F(UringLoopTest, an_armed_watch_becomes_the_next_read) {
  run([&]() -> Task<void> {
    auto pair = co_await connected();
    Told told;
    pair.server->watch(&told);
    co_await loop_->sleep(1ms);
    co_await send(*pair.client, "data");
    EXPECT_EQ(co_await receive(*pair.server, 4), "data");
    EXPECT_EQ(told.times, 0);
  }());
}

TEST_F(UringLoopTest, a_transport_deleted_while_watched_closes_its_descriptor) {
  run([&]() -> Task<void> {
    auto pair = co_await connected();
    Told told;
    pair.server->watch(&told);
    co_await loop_->sleep(1ms);
    pair.server.reset();
    auto end = co_await pair.client->read();
    EXPECT_TRUE(end && end->empty());
    EXPECT_EQ(told.times, 0);
  }());
}

TEST_F(UringLoopTest, an_abort_ends_both_directions_with_its_reason) {
  run([&]() -> Task<void> {
    auto pair = co_await connected();
    std::string much(32 << 20, 'm');
    Result<void> written{};
    Result<Chunk> got = Chunk{};
    Child writer, reader;
    writer.start([](Transport& to, std::string& what, Result<void>& out) -> Task<void> {
      std::array slices{Slice(what)};
      out = co_await to.write(slices);
    }(*pair.server, much, written));
    reader.start([](Transport& from, Result<Chunk>& out) -> Task<void> { out = co_await from.read(); }(
                                                             *pair.server, got));
    co_await loop_->sleep(2ms);
    pair.server->abort(Fault::timed_out);
    co_await writer.join();
    co_await reader.join();
    EXPECT_EQ(written.error().fault, Fault::timed_out);
    EXPECT_EQ(got.error().fault, Fault::timed_out);
    EXPECT_EQ((co_await pair.server->read()).error().fault, Fault::timed_out);
  }());
}

TEST_F(UringLoopTest, an_abort_with_reset_is_no_end_of_stream_for_the_peer) {
  run([&]() -> Task<void> {
    auto pair = co_await connected();
    co_await send(*pair.server, "cut");
    EXPECT_EQ(co_await receive(*pair.client, 3), "cut");
    pair.server->abort(Fault::timed_out, true);
    EXPECT_EQ((co_await pair.client->read()).error().fault, Fault::reset);
    EXPECT_EQ((co_await pair.client->read()).error().fault, Fault::reset);
  }());
}

TEST_F(UringLoopTest, a_reset_that_a_write_saw_is_no_end_of_stream_for_a_read) {
  run([&]() -> Task<void> {
    auto pair = co_await connected();
    pair.server->abort(Fault::cancelled, true);
    std::array slices{Slice("x")};
    auto written = co_await pair.client->write(slices);
    EXPECT_EQ(written.error().fault, Fault::reset);
    EXPECT_EQ((co_await pair.client->read()).error().fault, Fault::reset);
  }());
}

TEST_F(UringLoopTest, a_refused_connect_may_be_tried_again) {
  run([&]() -> Task<void> {
    acceptor_.reset();
    co_await loop_->sleep(1ms);
    auto client = std::move(*loop_->network().connect(where_, {}));
    auto result = co_await client->connected();
    EXPECT_EQ(result.error().fault, Fault::refused);
    EXPECT_TRUE(result.error().retry_safe);
  }());
}

TEST_F(UringLoopTest, a_connect_that_hangs_can_be_aborted) {
  // A listener whose queue is full answers no further SYN.
  int full = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto any = Address::ipv4_loopback(0);
  ASSERT_EQ(::bind(full, any.raw(), any.length()), 0);
  ASSERT_EQ(::listen(full, 0), 0);
  sockaddr_in bound{};
  socklen_t size = sizeof(bound);
  ::getsockname(full, reinterpret_cast<sockaddr*>(&bound), &size);
  auto there = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&bound), size);
  run([&]() -> Task<void> {
    std::vector<std::unique_ptr<Transport>> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(std::move(*loop_->network().connect(there, {})));
    Result<void> result{};
    Child waiting;
    waiting.start([](Transport& on, Result<void>& out) -> Task<void> { out = co_await on.connected(); }(
                                                           *clients.back(), result));
    co_await loop_->sleep(2ms);
    EXPECT_TRUE(waiting.running());
    clients.back()->abort(Fault::timed_out);
    co_await waiting.join();
    EXPECT_EQ(result.error().fault, Fault::timed_out);
  }());
  ::close(full);
}

TEST_F(UringLoopTest, a_stopped_acceptor_ends_its_waiter) {
  run([&]() -> Task<void> {
    Result<std::unique_ptr<Transport>> result = Error{};
    Child waiting;
    waiting.start([](Acceptor& on, Result<std::unique_ptr<Transport>>& out) -> Task<void> {
      out = co_await on.accept();
    }(*acceptor_, result));
    co_await loop_->sleep(1ms);
    acceptor_->stop();
    co_await waiting.join();
    EXPECT_EQ(result.error().fault, Fault::cancelled);
    EXPECT_EQ((co_await acceptor_->accept()).error().fault, Fault::cancelled);
  }());
}

TEST_F(UringLoopTest, an_acceptor_without_descriptors_pauses_and_goes_on) {
  run([&]() -> Task<void> {
    auto client = std::move(*loop_->network().connect(where_, {}));
    EXPECT_TRUE(co_await client->connected());
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    int lowest_free = ::dup(0);
    ::close(lowest_free);
    rlimit none{static_cast<rlim_t>(lowest_free), before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    auto failed = co_await acceptor_->accept();
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(failed.error().fault, Fault::no_descriptors);
    auto began = clock_.now();
    EXPECT_TRUE(co_await acceptor_->accept());
    EXPECT_GE(clock_.now() - began, 50ms);
  }());
}

TEST_F(UringLoopTest, readers_without_a_buffer_wait_in_line_for_one) {
  open({.read_buffer = 4096, .max_read_memory = 2 * 4096});
  run([&]() -> Task<void> {
    std::vector<Pair> pairs;
    std::vector<Chunk> held;
    for (int i = 0; i < 4; ++i) {
      pairs.push_back(co_await connected());
      co_await send(*pairs.back().client, "hello");
    }
    for (int i = 0; i < 2; ++i)
      held.push_back(std::move(*co_await pairs[static_cast<std::size_t>(i)].server->read()));
    std::vector<int> order;
    TaskGroup readers;
    for (int i : {3, 2}) {
      readers.spawn([](Transport& from, int which, std::vector<int>& out) -> Task<void> {
        auto chunk = co_await from.read();
        EXPECT_TRUE(chunk && chunk->view() == "hello");
        out.push_back(which);
      }(*pairs[static_cast<std::size_t>(i)].server, i, order));
    }
    co_await loop_->sleep(5ms);
    EXPECT_TRUE(order.empty());
    held.clear();
    co_await readers.join();
    EXPECT_EQ(order, (std::vector<int>{3, 2}));
  }());
}

TEST_F(UringLoopTest, more_buffers_come_into_use_only_when_needed) {
  run([&]() -> Task<void> {
    std::vector<Pair> pairs;
    std::vector<Chunk> held;
    auto few = loop_->buffers().wanted();
    for (unsigned i = 0; i < 2 * few; ++i) {
      pairs.push_back(co_await connected());
      co_await send(*pairs.back().client, "hello");
      held.push_back(std::move(*co_await pairs.back().server->read()));
    }
    EXPECT_GT(loop_->buffers().wanted(), few);
    EXPECT_LE(loop_->buffers().wanted(), 4 * few);
  }());
}

TEST_F(UringLoopTest, a_post_from_another_thread_ends_the_wait) {
  bool ran = false;
  std::thread other([&] {
    loop_->post([&] {
      ran = true;
      loop_->stop();
    });
  });
  loop_->run();
  other.join();
  EXPECT_TRUE(ran);
}

TEST_F(UringLoopTest, the_loop_may_end_after_its_thread) {
  acceptor_.reset();
  std::unique_ptr<Transport> client;
  std::thread worker([&] {
    loop_ = std::make_unique<UringLoop>(clock_, LoopOptions{});
    client = std::move(*loop_->network().connect(where_, {}));
    turns(2);
  });
  worker.join();
  client.reset();
  loop_.reset();
}

TEST_F(UringLoopTest, operations_in_flight_end_with_the_loop) {
  Told told;
  run([&]() -> Task<void> {
    auto pair = co_await connected();
    pair.client->watch(&told);
    pair.server->watch(&told);
    co_await loop_->sleep(1ms);
  }());
  acceptor_.reset();
  loop_.reset();
  EXPECT_EQ(told.times, 0);
}

}  // namespace
}  // namespace sluice::net
