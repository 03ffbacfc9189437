// What a Transport promises, over every backend.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <thread>

#include "net/backends.h"
#include "support/echo.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

class Transports : public BackendTest {
 public:
  using BackendTest::connect_to, BackendTest::in_memory, BackendTest::listen, BackendTest::loop;
  using BackendTest::make_pair, BackendTest::network, BackendTest::Pair;
};
INSTANTIATE_TEST_SUITE_P(Backends, Transports, testing::ValuesIn(backends()),
                         [](const auto& each) { return each.param; });

template <class T>
Fault fault_of(const Result<T>& result) {
  return result ? Fault::none : result.error().fault;
}

// Counts what it is told.
struct Told final : Watcher {
  int count = 0;
  std::unique_ptr<Transport>* destroys = nullptr;
  void on_activity() noexcept override {
    ++count;
    if (destroys) destroys->reset();
  }
};

TEST_P(Transports, echo) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    for (int i = 0; i < 100; ++i) {
      auto sent = co_await send_text(*pair.client, "hello");
      EXPECT_TRUE(sent);
      auto got = co_await receive_text(*pair.server, 5);
      EXPECT_EQ(got, "hello");
      sent = co_await send_text(*pair.server, "world!");
      EXPECT_TRUE(sent);
      got = co_await receive_text(*pair.client, 6);
      EXPECT_EQ(got, "world!");
    }
  }(*this));
}

TEST_P(Transports, know_both_addresses) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    EXPECT_EQ(pair.client->peer(), pair.acceptor->local());
    EXPECT_EQ(pair.server->local(), pair.acceptor->local());
    EXPECT_EQ(pair.server->peer(), pair.client->local());
  }(*this));
}

TEST_P(Transports, gather_many_slices_and_skip_empty_ones) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    std::string text = pattern(6000);
    std::vector<Slice> slices;
    for (std::size_t i = 0; i < text.size(); i += 2) {
      slices.emplace_back(text.data() + i, 2);
      slices.emplace_back();
    }
    Child reader;
    std::string got;
    reader.start([](Transport& from, std::string& into) -> Task<> { into = co_await receive_text(from); }(
                                                            *pair.server, got));
    auto sent = co_await pair.client->write(slices);
    EXPECT_TRUE(sent);
    Slice nothing[2] = {};
    sent = co_await pair.client->write(nothing);
    EXPECT_TRUE(sent);
    sent = co_await pair.client->write({});
    EXPECT_TRUE(sent);
    pair.client->shutdown_write();
    co_await reader.join();
    EXPECT_EQ(got, text);
  }(*this));
}

// Sends the text in pieces of 100,000 bytes, then FIN.
Task<> pour(Transport& into, const std::string& text) {
  for (std::size_t at = 0; at < text.size(); at += 100'000) {
    auto sent = co_await send_text(into, std::string_view(text).substr(at, 100'000));
    EXPECT_TRUE(sent);
    if (!sent) co_return;
  }
  into.shutdown_write();
}

Task<> drink(Loop& loop, Transport& from, const std::string& text, std::size_t expected) {
  std::size_t at = 0, reads = 0;
  while (true) {
    auto chunk = co_await from.read(expected);
    EXPECT_TRUE(chunk);
    if (!chunk || chunk->empty()) break;
    EXPECT_EQ(chunk->view(), std::string_view(text).substr(at, chunk->size()));
    at += chunk->size();
    if (++reads % 64 == 0) co_await loop.sleep(1ms);
  }
  EXPECT_EQ(at, text.size());
}

TEST_P(Transports, carry_16_MiB_both_ways_to_slow_readers) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    const std::string text = pattern(16 << 20);
    TaskGroup all;
    all.spawn(pour(*pair.client, text));
    all.spawn(pour(*pair.server, text));
    all.spawn(drink(t.loop(), *pair.client, text, 0));
    all.spawn(drink(t.loop(), *pair.server, text, text.size()));
    co_await all.join();
  }(*this));
}

TEST_P(Transports, hold_a_writer_back_while_nobody_reads) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    const std::string text(24 << 20, 'x');
    bool written = false;
    Child writer;
    writer.start([](Transport& into, const std::string& all, bool& done) -> Task<> {
      auto sent = co_await send_text(into, all);
      EXPECT_FALSE(sent);
      done = true;
    }(*pair.client, text, written));
    co_await t.loop().sleep(30ms);
    EXPECT_FALSE(written);
    pair.client->abort(Fault::cancelled);
    co_await writer.join();
  }(*this));
}

TEST_P(Transports, know_how_much_the_peer_has_taken_of_a_write_that_waits) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    const std::string text(24 << 20, 'x');
    Child writer;
    writer.start([](Transport& into, const std::string& all) -> Task<> {
      auto sent = co_await send_text(into, all);
      EXPECT_FALSE(sent);
    }(*pair.client, text));
    co_await t.loop().sleep(30ms);
    const auto before = pair.client->delivered();
    EXPECT_TRUE(before.has_value());
    EXPECT_LT(before.value_or(0), text.size());
    auto got = co_await receive_text(*pair.server, 12 << 20);
    EXPECT_GE(got.size(), 12u << 20);
    const auto after = pair.client->delivered();
    EXPECT_GT(after.value_or(0), before.value_or(0));
    EXPECT_GE(after.value_or(0), 10u << 20) << "but for what the last acknowledgements will say";
    pair.client->abort(Fault::cancelled);
    co_await writer.join();
  }(*this));
}

TEST_P(Transports, use_a_large_buffer_where_much_is_expected) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    const std::string text = pattern(1 << 20);
    Child writer;
    writer.start(pour(*pair.client, text));
    std::size_t largest = 0, total = 0;
    while (total < text.size()) {
      co_await t.loop().sleep(1ms);
      auto chunk = co_await pair.server->read(text.size());
      EXPECT_TRUE(chunk);
      if (!chunk || chunk->empty()) break;
      largest = std::max(largest, chunk->size());
      total += chunk->size();
    }
    EXPECT_EQ(total, text.size());
    EXPECT_GT(largest, 16u * 1024);
    co_await writer.join();
  }(*this));
}

TEST_P(Transports, give_the_end_again_and_again) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    (void)co_await send_text(*pair.client, "last words");
    pair.client->shutdown_write();
    auto got = co_await receive_text(*pair.server);
    EXPECT_EQ(got, "last words");
    for (int i = 0; i < 3; ++i) {
      auto chunk = co_await pair.server->read();
      EXPECT_TRUE(chunk && chunk->empty());
    }
    EXPECT_TRUE(pair.server->peer_gone());
    EXPECT_FALSE(pair.client->peer_gone());
  }(*this));
}

TEST_P(Transports, go_on_in_the_other_direction_after_a_half_close) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    pair.client->shutdown_write();
    auto end = co_await pair.server->read();
    EXPECT_TRUE(end && end->empty());
    auto sent = co_await send_text(*pair.server, "still here");
    EXPECT_TRUE(sent);
    auto got = co_await receive_text(*pair.client, 10);
    EXPECT_EQ(got, "still here");
  }(*this));
}

TEST_P(Transports, send_the_end_with_their_last_write) {
  for (const std::size_t bytes : {std::size_t{5}, std::size_t{4} << 20}) {
    run([](Transports& t, std::size_t size) -> Task<> {
      auto pair = co_await t.make_pair();
      const std::string text = pattern(size);
      auto last = [](Transport& from, const std::string& all) -> Task<void> {
        from.end_with_next_write();
        auto sent = co_await send_text(from, all);
        EXPECT_TRUE(sent);
        from.shutdown_write();
      };
      Child beside;
      beside.start(last(*pair.client, text));
      auto got = co_await receive_text(*pair.server);
      EXPECT_TRUE(got == text);
      co_await beside.join();
      auto sent = co_await send_text(*pair.server, "and back");
      EXPECT_TRUE(sent);
      got = co_await receive_text(*pair.client, 8);
      EXPECT_EQ(got, "and back");
    }(*this, bytes));
  }
}

TEST_P(Transports, see_the_end_when_the_peer_is_destroyed) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    (void)co_await send_text(*pair.client, "bye");
    pair.client.reset();
    auto got = co_await receive_text(*pair.server);
    EXPECT_EQ(got, "bye");
    EXPECT_TRUE(pair.server->peer_gone());
  }(*this));
}

TEST_P(Transports, see_a_reset) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    pair.client->abort(Fault::cancelled, true);
    auto chunk = co_await pair.server->read();
    EXPECT_FALSE(chunk);
    EXPECT_EQ(fault_of(chunk), Fault::reset);
    // Writing to it fails too, at the latest when it is noticed.
    Result<void> sent;
    for (int i = 0; sent && i < 100; ++i) sent = co_await send_text(*pair.server, "anyone?");
    EXPECT_FALSE(sent);
    EXPECT_EQ(fault_of(sent), Fault::reset);
    EXPECT_TRUE(pair.server->peer_gone());
  }(*this));
}

TEST_P(Transports, see_a_reset_while_they_wait) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    Fault fault = Fault::none;
    Child reader;
    reader.start([](Transport& from, Fault& seen) -> Task<> {
      auto chunk = co_await from.read();
      seen = chunk ? Fault::none : chunk.error().fault;
    }(*pair.server, fault));
    co_await t.loop().sleep(2ms);
    pair.client->abort(Fault::cancelled, true);
    co_await reader.join();
    EXPECT_EQ(fault, Fault::reset);
  }(*this));
}

TEST_P(Transports, wake_what_is_pending_when_aborted) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    const std::string text(24 << 20, 'x');
    Fault read_fault = Fault::none, write_fault = Fault::none;
    TaskGroup both;
    both.spawn([](Transport& from, Fault& seen) -> Task<> {
      auto chunk = co_await from.read();
      seen = chunk ? Fault::none : chunk.error().fault;
    }(*pair.client, read_fault));
    both.spawn([](Transport& into, const std::string& all, Fault& seen) -> Task<> {
      auto sent = co_await send_text(into, all);
      seen = sent ? Fault::none : sent.error().fault;
    }(*pair.client, text, write_fault));
    co_await t.loop().sleep(2ms);
    pair.client->abort(Fault::timed_out);
    EXPECT_EQ(read_fault, Fault::none);  // never from inside abort()
    co_await both.join();
    EXPECT_EQ(read_fault, Fault::timed_out);
    EXPECT_EQ(write_fault, Fault::timed_out);
    auto chunk = co_await pair.client->read();
    EXPECT_EQ(chunk.error().fault, Fault::timed_out);
    auto sent = co_await send_text(*pair.client, "x");
    EXPECT_EQ(sent.error().fault, Fault::timed_out);
  }(*this));
}

TEST_P(Transports, can_be_destroyed_by_the_coroutine_that_an_operation_resumed) {
  run([](Transports& t) -> Task<> {
    for (int i = 0; i < 20; ++i) {
      auto pair = co_await t.make_pair();
      Child other;
      other.start([](std::unique_ptr<Transport> mine) -> Task<> {
        auto chunk = co_await mine->read();
        EXPECT_TRUE(chunk);
        mine.reset();
      }(std::move(pair.server)));
      (void)co_await send_text(*pair.client, "go");
      co_await other.join();
      pair.client.reset();
    }
  }(*this));
}

TEST_P(Transports, keep_bytes_when_a_read_is_cancelled) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    for (int round = 0; round < 20; ++round) {
      Fault fault = Fault::none;
      std::string early;
      Child reader;
      reader.start([](Transport& from, Fault& seen, std::string& text) -> Task<> {
        auto chunk = co_await from.read();
        if (chunk) {
          text = chunk->view();
        } else {
          seen = chunk.error().fault;
        }
      }(*pair.server, fault, early));
      if (round % 2) co_await t.loop().sleep(1ms);
      if (round % 3 == 0) (void)co_await send_text(*pair.client, "kept");
      pair.server->cancel_read();
      co_await reader.join();
      if (round % 3 != 0) (void)co_await send_text(*pair.client, "kept");
      EXPECT_TRUE(fault == Fault::cancelled || early == "kept");
      auto got = early + co_await receive_text(*pair.server, 4 - early.size());
      EXPECT_EQ(got, "kept");
    }
    pair.server->cancel_read();  // none pending: nothing happens
    (void)co_await send_text(*pair.client, "more");
    auto got = co_await receive_text(*pair.server, 4);
    EXPECT_EQ(got, "more");
  }(*this));
}

TEST_P(Transports, tell_a_watcher_of_data_once_and_keep_it) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    Told told;
    pair.server->watch(&told);
    co_await t.loop().sleep(5ms);
    EXPECT_EQ(told.count, 0) << "nothing has happened";
    (void)co_await send_text(*pair.client, "data");
    co_await t.loop().sleep(5ms);
    EXPECT_EQ(told.count, 1);
    (void)co_await send_text(*pair.client, " more");
    co_await t.loop().sleep(5ms);
    EXPECT_EQ(told.count, 1);
    auto got = co_await receive_text(*pair.server, 9);
    EXPECT_EQ(got, "data more");
  }(*this));
}

TEST_P(Transports, tell_a_watcher_of_data_that_is_there_already_but_not_from_inside_watch) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    (void)co_await send_text(*pair.client, "early");
    co_await t.loop().sleep(2ms);
    Told told;
    pair.server->watch(&told);
    EXPECT_EQ(told.count, 0);
    co_await t.loop().sleep(5ms);
    EXPECT_EQ(told.count, 1);
  }(*this));
}

TEST_P(Transports, do_not_tell_a_watcher_of_what_was_read) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    for (int i = 0; i < 5; ++i) {
      (void)co_await send_text(*pair.client, "read");
      auto got = co_await receive_text(*pair.server, 4);
      EXPECT_EQ(got, "read");
      Told told;
      pair.server->watch(&told);
      co_await t.loop().sleep(3ms);
      EXPECT_EQ(told.count, 0);
      pair.server->watch(nullptr);
    }
  }(*this));
}

TEST_P(Transports, tell_a_watcher_of_the_end_and_of_a_reset) {
  run([](Transports& t) -> Task<> {
    for (const bool reset : {false, true}) {
      auto pair = co_await t.make_pair();
      Told told;
      pair.server->watch(&told);
      reset ? pair.client->abort(Fault::cancelled, true) : pair.client->shutdown_write();
      co_await t.loop().sleep(5ms);
      EXPECT_EQ(told.count, 1);
      EXPECT_TRUE(pair.server->peer_gone());
    }
  }(*this));
}

TEST_P(Transports, let_a_watcher_destroy_them) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    Told told;
    told.destroys = &pair.server;
    pair.server->watch(&told);
    (void)co_await send_text(*pair.client, "x");
    co_await t.loop().sleep(5ms);
    EXPECT_EQ(told.count, 1);
    EXPECT_FALSE(pair.server);
  }(*this));
}

TEST_P(Transports, end_a_watch_by_a_read_or_by_none) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    Told told;
    pair.server->watch(&told);
    pair.server->watch(nullptr);
    (void)co_await send_text(*pair.client, "one");
    co_await t.loop().sleep(3ms);
    EXPECT_EQ(told.count, 0);
    (void)co_await receive_text(*pair.server, 3);
    pair.server->watch(&told);
    Child sender;
    sender.start([](Transport& into, Loop& loop) -> Task<> {
      co_await loop.sleep(3ms);
      (void)co_await send_text(into, "two");
    }(*pair.client, t.loop()));
    auto got = co_await receive_text(*pair.server, 3);
    EXPECT_EQ(got, "two");
    co_await sender.join();
    EXPECT_EQ(told.count, 0);
  }(*this));
}

TEST_P(Transports, say_that_nobody_listens) {
  run([](Transports& t) -> Task<> {
    auto acceptor = t.listen();
    auto address = acceptor->local();
    acceptor.reset();
    co_await t.loop().sleep(5ms);  // a ring closes its sockets when what was in flight is back
    auto transport = t.network().connect(address, {});
    Error error;
    if (transport) {
      auto connected = co_await (*transport)->connected();
      EXPECT_FALSE(connected);
      if (!connected) error = connected.error();
    } else {
      error = transport.error();
    }
    EXPECT_EQ(error.fault, Fault::refused);
    EXPECT_TRUE(error.retry_safe);
  }(*this));
}

TEST_P(Transports, end_a_connect_when_aborted) {
  run([](Transports& t) -> Task<> {
    if (t.in_memory()) co_return;
    // A listener whose queue is full lets connects hang.
    auto sockets = listen_on(Address::ipv4_loopback(0), {.backlog = 0});
    EXPECT_TRUE(sockets);
    std::vector<std::unique_ptr<Transport>> fill;
    for (int i = 0; i < 4; ++i) fill.push_back(*t.network().connect(sockets->front().address, {}));
    co_await t.loop().sleep(5ms);
    auto transport = *t.network().connect(sockets->front().address, {});
    Deadline deadline(t.loop());
    auto start = t.loop().now();
    deadline.set(*transport, start + 20ms);
    auto connected = co_await transport->connected();
    EXPECT_FALSE(connected);
    EXPECT_EQ(fault_of(connected), Fault::timed_out);
    EXPECT_TRUE(deadline.passed());
    EXPECT_GE(t.loop().now() - start, 20ms);
    connected = co_await transport->connected();
    EXPECT_EQ(connected.error().fault, Fault::timed_out);
    for (auto& each : fill) each.reset();
    close(sockets->front().descriptor);
  }(*this));
}

TEST_P(Transports, can_be_destroyed_while_they_connect) {
  run([](Transports& t) -> Task<> {
    auto acceptor = t.listen();
    for (int i = 0; i < 10; ++i) (void)t.connect_to(*acceptor);
    co_await t.loop().sleep(2ms);
  }(*this));
}

TEST_P(Transports, time_out_by_a_deadline_that_was_moved) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    Deadline deadline(t.loop());
    auto start = t.loop().now();
    deadline.set(*pair.server, start + 5ms);
    deadline.set(*pair.server, start + 30ms);
    auto chunk = co_await pair.server->read();
    EXPECT_FALSE(chunk);
    EXPECT_EQ(fault_of(chunk), Fault::timed_out);
    EXPECT_GE(t.loop().now() - start, 30ms);
    EXPECT_TRUE(deadline.passed());
  }(*this));
}

// Gives three times a little more.
struct Lenient final : Deadline {
  explicit Lenient(Loop& loop) : Deadline(loop) {}
  TimePoint postponed() noexcept override { return ++asked <= 3 ? loop().now() + 5ms : TimePoint::min(); }
  int asked = 0;
};

TEST_P(Transports, time_out_when_a_deadline_is_postponed_no_more) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    Lenient deadline(t.loop());
    auto start = t.loop().now();
    deadline.set(*pair.server, start + 5ms);
    auto chunk = co_await pair.server->read();
    EXPECT_EQ(fault_of(chunk), Fault::timed_out);
    EXPECT_GE(t.loop().now() - start, 20ms);
    EXPECT_EQ(deadline.asked, 4);
  }(*this));
}

TEST_P(Transports, reset_the_peer_by_a_deadline_that_says_so) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    Deadline deadline(t.loop());
    deadline.set(*pair.server, t.loop().now() + 5ms, Deadline::Expiry::reset);
    auto chunk = co_await pair.server->read();
    EXPECT_EQ(fault_of(chunk), Fault::timed_out);
    chunk = co_await pair.client->read();
    EXPECT_EQ(fault_of(chunk), Fault::reset);
  }(*this));
}

TEST_P(Transports, live_on_when_the_deadline_is_cleared) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    Deadline deadline(t.loop());
    deadline.set(*pair.server, t.loop().now() + 3ms);
    deadline.clear();
    co_await t.loop().sleep(8ms);
    (void)co_await send_text(*pair.client, "alive");
    auto got = co_await receive_text(*pair.server, 5);
    EXPECT_EQ(got, "alive");
    EXPECT_FALSE(deadline.passed());
    deadline.set(*pair.server, t.loop().now() + 1h);
    deadline.set(*pair.server, t.loop().now() + 3ms);  // earlier again
    auto chunk = co_await pair.server->read();
    EXPECT_FALSE(chunk);
  }(*this));
}

TEST_P(Transports, sleep_as_long_as_asked) {
  run([](Transports& t) -> Task<> {
    auto start = t.loop().now();
    co_await t.loop().sleep(0ms);
    co_await t.loop().sleep(10ms);
    EXPECT_GE(t.loop().now() - start, 10ms);
    EXPECT_LT(t.loop().now() - start, 5s);
  }(*this));
}

TEST_P(Transports, stop_accepting) {
  run([](Transports& t) -> Task<> {
    auto acceptor = t.listen();
    Fault fault = Fault::none;
    Child waiting;
    waiting.start([](Acceptor& from, Fault& seen) -> Task<> {
      auto accepted = co_await from.accept();
      seen = accepted ? Fault::none : accepted.error().fault;
    }(*acceptor, fault));
    co_await t.loop().sleep(2ms);
    acceptor->stop();
    co_await waiting.join();
    EXPECT_EQ(fault, Fault::cancelled);
    auto accepted = co_await acceptor->accept();
    EXPECT_FALSE(accepted);
    EXPECT_EQ(fault_of(accepted), Fault::cancelled);
  }(*this));
}

Task<> ask_once(Network& network, Address address, int& answered, bool rude) {
  auto transport = network.connect(address, {});
  EXPECT_TRUE(transport);
  if (!transport) co_return;
  auto connected = co_await (*transport)->connected();
  EXPECT_TRUE(connected);
  if (rude) co_return;
  (void)co_await send_text(**transport, "ping");
  auto got = co_await receive_text(**transport, 4);
  if (got == "ping") ++answered;
}

TEST_P(Transports, survive_a_thousand_short_connections) {
  run([](Transports& t) -> Task<> {
    auto acceptor = t.listen();
    TaskGroup server;
    server.spawn(test::echo(t.loop(), *acceptor));
    int answered = 0;
    for (int round = 0; round < 20; ++round) {
      TaskGroup clients;
      for (int i = 0; i < 50; ++i)
        clients.spawn(ask_once(t.network(), acceptor->local(), answered, i % 5 == 4));
      co_await clients.join();
    }
    EXPECT_EQ(answered, 800);
    acceptor->stop();
    co_await server.join();
  }(*this));
}

TEST_P(Transports, pause_without_descriptors_and_go_on) {
  if (in_memory()) GTEST_SKIP() << "no descriptors there";
  run([](Transports& t) -> Task<> {
    auto acceptor = t.listen();
    auto client = t.connect_to(*acceptor);
    auto connected = co_await client->connected();
    EXPECT_TRUE(connected);
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit low = before;
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(next);
    low.rlim_cur = static_cast<rlim_t>(next);
    setrlimit(RLIMIT_NOFILE, &low);
    auto accepted = co_await acceptor->accept();
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_FALSE(accepted);
    EXPECT_EQ(fault_of(accepted), Fault::no_descriptors);
    auto start = t.loop().now();
    accepted = co_await acceptor->accept();
    EXPECT_TRUE(accepted);
    EXPECT_GE(t.loop().now() - start, 50ms);
  }(*this));
}

TEST_P(Transports, speak_over_unix_sockets) {
  if (in_memory()) GTEST_SKIP();
  auto path = "unix:" + testing::TempDir() + "sluice-" + std::to_string(getpid()) + ".sock";
  run([](Transports& t, std::string name) -> Task<> {
    auto acceptor = t.listen(*Address::parse(name));
    auto client = t.connect_to(*acceptor);
    auto connected = co_await client->connected();
    EXPECT_TRUE(connected);
    auto server = co_await acceptor->accept();
    EXPECT_TRUE(server);
    (void)co_await send_text(*client, "hello");
    auto got = co_await receive_text(**server, 5);
    EXPECT_EQ(got, "hello");
    EXPECT_TRUE((*server)->peer().is_unix());
    client.reset();
    got = co_await receive_text(**server);
    EXPECT_EQ(got, "");
  }(*this, path));
  unlink(path.substr(5).c_str());
}

TEST_P(Transports, refuse_a_unix_socket_that_is_not_there) {
  if (in_memory()) GTEST_SKIP();
  run([](Transports& t) -> Task<> {
    auto transport = t.network().connect(*Address::parse("unix:/nonexistent/socket"), {});
    Error error;
    if (transport) {
      auto connected = co_await (*transport)->connected();
      EXPECT_FALSE(connected);
      if (!connected) error = connected.error();
    } else {
      error = transport.error();
    }
    EXPECT_EQ(error.fault, Fault::refused);
  }(*this));
}

TEST_P(Transports, run_what_other_threads_post) {
  int ran = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 250; ++j) loop().post([&] { ++ran; });
    });
  }
  run([](Transports& t, int& count) -> Task<> {
    while (count < 1000) co_await t.loop().sleep(1ms);
  }(*this, ran));
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ran, 1000);
}

TEST_P(Transports, run_until_another_thread_stops_the_loop) {
  std::thread stopper([&] {
    std::this_thread::sleep_for(5ms);
    loop().stop();
  });
  loop().run();
  stopper.join();
  bool ran = false;
  loop().post([&] {
    ran = true;
    loop().stop();
  });
  loop().run();
  EXPECT_TRUE(ran);
}

TEST_P(Transports, hold_no_buffer_while_they_wait_and_share_few_fairly) {
  LoopOptions tiny;
  tiny.max_read_memory = 2 * tiny.read_buffer;
  tiny.max_bulk_memory = 0;
  make(tiny);
  run([](Transports& t) -> Task<> {
    std::vector<Transports::Pair> pairs;
    for (int i = 0; i < 8; ++i) pairs.push_back(co_await t.make_pair());
    std::vector<int> reads(8);
    TaskGroup all;
    // Each holds its buffer for a while, so that two at most are read at a time.
    for (int i = 0; i < 8; ++i) {
      all.spawn([](Loop& loop, Transport& from, int& count) -> Task<> {
        for (; count < 5; ++count) {
          auto chunk = co_await from.read();
          EXPECT_TRUE(chunk);
          if (!chunk) co_return;
          EXPECT_EQ(chunk->view().substr(0, 4), "ping");
          co_await loop.sleep(1ms);
        }
      }(t.loop(), *pairs[i].server, reads[i]));
    }
    for (int round = 0; round < 5; ++round) {
      for (auto& pair : pairs) (void)co_await send_text(*pair.client, "ping");
      while (std::accumulate(reads.begin(), reads.end(), 0) < 8 * (round + 1)) co_await t.loop().sleep(1ms);
      auto [least, most] = std::minmax_element(reads.begin(), reads.end());
      EXPECT_EQ(*least, *most) << "one was served twice before another was served once";
    }
    co_await all.join();
  }(*this));
}

TEST_P(Transports, let_others_have_a_turn_while_one_always_has_data) {
  run([](Transports& t) -> Task<> {
    auto pair = co_await t.make_pair();
    const std::string text = pattern(8 << 20);
    bool over = false;
    TaskGroup all;
    all.spawn(pour(*pair.client, text));
    all.spawn([](Transport& from, bool& done) -> Task<> {
      (void)co_await receive_text(from);
      done = true;
    }(*pair.server, over));
    auto before = t.loop().stats().turns.load();
    co_await all.join();
    EXPECT_TRUE(over);
    EXPECT_GT(t.loop().stats().turns.load() - before, 8u);
  }(*this));
}

}  // namespace
}  // namespace sluice::net
