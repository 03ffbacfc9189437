// The ring's transports and acceptors under every kind of completion the kernel may send.
#include <array>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/task.h"
#include "net/uring/uring_loop.h"
#include "net/uring_fake_kernel.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

struct ManualClock final : Clock {
  TimePoint time{1h};
  TimePoint now() noexcept override { return time; }
  WallTime wall() noexcept override { return WallTime{}; }
};

struct Told final : Watcher {
  int times = 0;
  void on_activity() noexcept override { ++times; }
};

// What a coroutine made of its operation.
template <class T>
using Outcome = std::optional<Result<T>>;

class UringFault : public testing::Test {
 protected:
  void SetUp() override { open({}); }

  void TearDown() override {
    transports_.clear();
    acceptor_.reset();
    turn();
    loop_.reset();
    EXPECT_EQ(tasks_.size(), 0U);
  }

  void open(const LoopOptions& options) {
    loop_.reset();
    kernel_ = std::make_unique<FakeKernel>(prototype_);
    loop_ = std::make_unique<UringLoop>(clock_, options, *kernel_);
  }

  void turn() { loop_->turn(TimePoint::min()); }
  void turns(int count) {
    while (count-- > 0) turn();
  }

  // A transport whose connect has completed.
  Transport& transport() {
    transports_.push_back(std::move(*loop_->network().connect(Address::ipv4_loopback(9), {})));
    turn();
    kernel_->complete(kernel_->find(IORING_OP_CONNECT), 0);
    turn();
    return *transports_.back();
  }

  void read(Transport& from, Outcome<Chunk>& out, std::size_t expected = 0) {
    tasks_.spawn([](Transport& t, Outcome<Chunk>& o, std::size_t e) -> Task<void> {
      o.emplace(co_await t.read(e));
    }(from, out, expected));
  }

  void write(Transport& to, std::span<const Slice> slices, Outcome<void>& out) {
    tasks_.spawn([](Transport& t, std::span<const Slice> s, Outcome<void>& o) -> Task<void> {
      o.emplace(co_await t.write(s));
    }(to, slices, out));
  }

  static std::string_view sent_by(const io_uring_sqe* entry) {
    return {reinterpret_cast<const char*>(entry->addr), entry->len};
  }

  static std::string gathered_by(const io_uring_sqe* entry) {
    auto* message = reinterpret_cast<const msghdr*>(entry->addr);
    std::string all;
    for (std::size_t i = 0; i < message->msg_iovlen; ++i) {
      all.append(static_cast<const char*>(message->msg_iov[i].iov_base), message->msg_iov[i].iov_len);
    }
    return all;
  }

  const io_uring_sqe* receive(std::size_t n = 0) { return kernel_->find(IORING_OP_RECV, n); }

  FakeKernel prototype_;
  ManualClock clock_;
  std::unique_ptr<FakeKernel> kernel_;
  std::unique_ptr<UringLoop> loop_;
  std::vector<std::unique_ptr<Transport>> transports_;
  std::unique_ptr<Acceptor> acceptor_;
  TaskGroup tasks_;
};

TEST_F(UringFault, a_short_send_goes_on_where_it_stopped) {
  auto& t = transport();
  std::array slices{Slice("0123456789")};
  Outcome<void> written;
  write(t, slices, written);
  turn();
  kernel_->complete(kernel_->find(IORING_OP_SEND), 4);
  turns(2);
  EXPECT_FALSE(written);
  EXPECT_EQ(sent_by(kernel_->find(IORING_OP_SEND)), "456789");
  kernel_->complete(kernel_->find(IORING_OP_SEND), 6);
  turn();
  EXPECT_TRUE(written && *written);
}

TEST_F(UringFault, a_short_gathered_send_goes_on_inside_a_slice) {
  auto& t = transport();
  std::array slices{Slice("head"), Slice(), Slice("body"), Slice("tail")};
  Outcome<void> written;
  write(t, slices, written);
  turn();
  EXPECT_EQ(gathered_by(kernel_->find(IORING_OP_SENDMSG)), "headbodytail");
  kernel_->complete(kernel_->find(IORING_OP_SENDMSG), 6);
  turns(2);
  EXPECT_EQ(gathered_by(kernel_->find(IORING_OP_SENDMSG)), "dytail");
  kernel_->complete(kernel_->find(IORING_OP_SENDMSG), 2);
  turns(2);
  EXPECT_EQ(sent_by(kernel_->find(IORING_OP_SEND)), "tail");
  kernel_->complete(kernel_->find(IORING_OP_SEND), 4);
  turn();
  EXPECT_TRUE(written && *written);
}

TEST_F(UringFault, more_slices_than_a_step_takes_go_in_steps) {
  auto& t = transport();
  std::vector<Slice> slices(70, Slice("ab"));
  Outcome<void> written;
  write(t, slices, written);
  std::size_t bytes = 0;
  for (int step = 0; !written && step < 5; ++step) {
    turn();
    auto* entry = kernel_->find(IORING_OP_SENDMSG);
    auto size = gathered_by(entry).size();
    bytes += size;
    EXPECT_EQ((entry->msg_flags & MSG_MORE) != 0, bytes < 140);
    kernel_->complete(entry, static_cast<int>(size));
    turn();
  }
  EXPECT_TRUE(written && *written);
  EXPECT_EQ(bytes, 140U);
}

TEST_F(UringFault, a_write_of_nothing_is_over_at_once) {
  auto& t = transport();
  std::array slices{Slice(), Slice()};
  Outcome<void> written;
  write(t, slices, written);
  EXPECT_TRUE(written && *written);
}

TEST_F(UringFault, an_interrupted_operation_is_tried_again) {
  auto& t = transport();
  std::array slices{Slice("x")};
  Outcome<void> written;
  Outcome<Chunk> got;
  write(t, slices, written);
  read(t, got);
  for (int error : {EINTR, EAGAIN}) {
    turn();
    kernel_->complete(kernel_->find(IORING_OP_SEND), -error);
    kernel_->complete(receive(), -error);
    turns(2);
    EXPECT_FALSE(written || got);
  }
  kernel_->complete(kernel_->find(IORING_OP_SEND), 1);
  kernel_->deliver(receive(), "y");
  turn();
  EXPECT_TRUE(written && *written);
  EXPECT_TRUE(got && (*got)->view() == "y");
}

TEST_F(UringFault, a_receive_that_found_no_buffer_brings_more_into_use) {
  auto& t = transport();
  Outcome<Chunk> got;
  read(t, got);
  turn();
  std::vector<std::string> texts(kernel_->buffers_left(), "held");
  std::vector<Outcome<Chunk>> held(texts.size());
  for (auto& outcome : held) read(transport(), outcome);
  turn();
  for (std::size_t i = 0; i < held.size(); ++i) kernel_->deliver(receive(1), texts[i]);
  turn();
  kernel_->deliver(receive(), "late");  // finds none
  turns(2);
  EXPECT_FALSE(got);
  EXPECT_GT(kernel_->buffers_left(), 0U);
  kernel_->deliver(receive(), "late");
  turn();
  ASSERT_TRUE(got);
  EXPECT_EQ((*got)->view(), "late");
}

TEST_F(UringFault, buffers_that_are_no_longer_needed_leave_while_leases_on_them_go_on) {
  auto few = loop_->buffers().wanted();
  std::vector<Outcome<Chunk>> held(few + 2);
  for (auto& outcome : held) read(transport(), outcome);
  turn();
  for (unsigned i = 0; i < few; ++i) kernel_->deliver(receive(), "held");
  turn();
  kernel_->complete(receive(), -ENOBUFS);
  kernel_->complete(receive(), -ENOBUFS);
  turns(2);
  for (int i = 0; i < 2; ++i) kernel_->deliver(receive(), "last");
  turn();
  EXPECT_EQ(loop_->buffers().wanted(), 2 * few);
  held.resize(few + 1);
  std::rotate(held.begin(), held.end() - 1, held.end());
  held.resize(1);
  for (int second = 0; second < 3; ++second) {
    clock_.time += 1100ms;
    turns(2);
  }
  EXPECT_EQ(loop_->buffers().wanted(), few);
  ASSERT_TRUE(held[0]);
  EXPECT_EQ((*held[0])->view(), "last");
  held.clear();
  auto& t = *transports_[0];
  for (unsigned i = 0; i < 3 * few; ++i) {  // all others go round and leave
    Outcome<Chunk> got;
    read(t, got);
    turn();
    kernel_->deliver(receive(), "again");
    turn();
    ASSERT_TRUE(got && *got);
  }
  turn();
  EXPECT_EQ(kernel_->buffers_left(), few);
}

TEST_F(UringFault, readers_at_the_limit_are_served_in_order_as_buffers_come_back) {
  open({.read_buffer = 64, .max_read_memory = 64});
  std::array<Outcome<Chunk>, 3> got;
  auto &first = transport(), &second = transport(), &third = transport();
  read(first, got[0]);
  read(second, got[1]);
  turn();
  kernel_->deliver(receive(), "one");
  kernel_->complete(receive(), -ENOBUFS);
  turns(2);
  read(third, got[2]);  // joins the line though it could try
  turn();
  EXPECT_EQ(kernel_->count(IORING_OP_RECV), 0U);
  got[0].reset();
  turn();
  ASSERT_EQ(kernel_->count(IORING_OP_RECV), 1U);
  kernel_->deliver(receive(), "two");
  turn();
  ASSERT_TRUE(got[1]);
  EXPECT_FALSE(got[2]);
  got[1].reset();
  turn();
  kernel_->deliver(receive(), "three");
  turn();
  ASSERT_TRUE(got[2]);
}

TEST_F(UringFault, a_reader_in_line_can_be_cancelled_aborted_and_deleted) {
  open({.read_buffer = 64, .max_read_memory = 64});
  std::array<Outcome<Chunk>, 4> got;
  for (auto& outcome : got) read(transport(), outcome);
  turn();
  kernel_->deliver(receive(), "one");
  for (int i = 0; i < 3; ++i) kernel_->complete(receive(), -ENOBUFS);
  turns(2);
  transports_[1]->cancel_read();
  transports_[2]->abort(Fault::timed_out);
  turns(2);
  ASSERT_TRUE(got[1] && got[2]);
  EXPECT_EQ(got[1]->error().fault, Fault::cancelled);
  EXPECT_EQ(got[2]->error().fault, Fault::timed_out);
  transports_[2].reset();
  transports_[1].reset();
  EXPECT_FALSE(got[3]);
  got[0].reset();
  turn();
  kernel_->deliver(receive(), "four");
  turn();
  EXPECT_TRUE(got[3]);
}

TEST_F(UringFault, a_cancelled_read_keeps_the_bytes_that_came_first) {
  auto& t = transport();
  Outcome<Chunk> first, second;
  read(t, first);
  turn();
  t.cancel_read();
  turn();
  EXPECT_TRUE(kernel_->asked_to_cancel(*receive()));
  EXPECT_FALSE(first);
  kernel_->deliver(receive(), "kept");
  turn();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->error().fault, Fault::cancelled);
  read(t, second);
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->view(), "kept");
}

TEST_F(UringFault, a_cancelled_read_leaves_a_transport_that_reads_on) {
  auto& t = transport();
  Outcome<Chunk> first, second;
  read(t, first);
  turn();
  t.cancel_read();
  kernel_->complete(receive(), -ECANCELED);
  turn();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->error().fault, Fault::cancelled);
  read(t, second);
  turn();
  kernel_->deliver(receive(), "next");
  turn();
  ASSERT_TRUE(second && *second);
}

TEST_F(UringFault, a_watch_after_a_cancelled_read_is_still_told) {
  auto& t = transport();
  Told told;
  Outcome<Chunk> first;
  read(t, first);
  turn();
  t.cancel_read();
  t.watch(&told);
  turn();
  kernel_->complete(receive(), -ECANCELED);
  turns(2);
  if (!receive()) t.watch(&told);
  turn();
  ASSERT_TRUE(receive());
  kernel_->complete(receive(), 0);
  turn();
  EXPECT_EQ(told.times, 1);
  EXPECT_TRUE(t.peer_gone());
}

TEST_F(UringFault, bytes_that_come_after_an_abort_are_dropped_and_their_buffer_returns) {
  auto& t = transport();
  auto buffers = kernel_->buffers_left();
  Outcome<Chunk> got, later;
  read(t, got);
  turn();
  t.abort(Fault::timed_out);
  kernel_->deliver(receive(), "late");
  turns(2);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error().fault, Fault::timed_out);
  EXPECT_EQ(kernel_->buffers_left(), buffers);
  read(t, later);
  ASSERT_TRUE(later);
  EXPECT_EQ(later->error().fault, Fault::timed_out);
}

TEST_F(UringFault, an_aborted_write_fails_even_if_the_kernel_sent_all_of_it) {
  auto& t = transport();
  std::array slices{Slice("x")};
  Outcome<void> written;
  write(t, slices, written);
  turn();
  t.abort(Fault::timed_out);
  EXPECT_FALSE(written);
  kernel_->complete(kernel_->find(IORING_OP_SEND), 1);
  turn();
  ASSERT_TRUE(written);
  EXPECT_EQ(written->error().fault, Fault::timed_out);
}

TEST_F(UringFault, a_deleted_transport_closes_after_its_last_completion) {
  auto& t = transport();
  auto buffers = kernel_->buffers_left();
  Told told;
  t.watch(&told);
  turn();
  transports_.clear();
  turn();
  ASSERT_TRUE(receive());
  EXPECT_TRUE(kernel_->asked_to_cancel(*receive()));
  EXPECT_TRUE(kernel_->closed.empty());
  kernel_->deliver(receive(), "success after cancel");
  turns(2);
  EXPECT_EQ(kernel_->closed.size(), 1U);
  EXPECT_EQ(kernel_->buffers_left(), buffers);
  EXPECT_EQ(told.times, 0);
}

TEST_F(UringFault, a_connect_given_up_closes_after_it_succeeded) {
  transports_.push_back(std::move(*loop_->network().connect(Address::ipv4_loopback(9), {})));
  transports_.clear();
  turn();
  EXPECT_TRUE(kernel_->asked_to_cancel(*kernel_->find(IORING_OP_CONNECT)));
  EXPECT_TRUE(kernel_->closed.empty());
  kernel_->complete(kernel_->find(IORING_OP_CONNECT), 0);
  turns(2);
  EXPECT_EQ(kernel_->closed.size(), 1U);
}

TEST_F(UringFault, a_write_before_the_connection_stands_waits_for_it) {
  std::array slices{Slice("early")};
  std::array<Outcome<void>, 2> written;
  for (auto& outcome : written) {
    transports_.push_back(std::move(*loop_->network().connect(Address::ipv4_loopback(9), {})));
    write(*transports_.back(), slices, outcome);
  }
  turn();
  EXPECT_EQ(kernel_->count(IORING_OP_SEND), 0U);
  kernel_->complete(kernel_->find(IORING_OP_CONNECT), 0);
  kernel_->complete(kernel_->find(IORING_OP_CONNECT), -ECONNREFUSED);
  turns(2);
  EXPECT_FALSE(written[0]);
  ASSERT_TRUE(written[1]);
  EXPECT_EQ(written[1]->error().fault, Fault::refused);
  kernel_->complete(kernel_->find(IORING_OP_SEND), 5);
  turn();
  EXPECT_TRUE(written[0] && *written[0]);
}

TEST_F(UringFault, a_bulk_receive_uses_its_own_buffer_until_the_kernel_lets_go) {
  auto& t = transport();
  Outcome<Chunk> got;
  read(t, got, 1 << 20);
  turn();
  EXPECT_FALSE(receive()->flags & IOSQE_BUFFER_SELECT);
  kernel_->deliver(receive(), "bulk");
  turn();
  ASSERT_TRUE(got);
  EXPECT_EQ((*got)->view(), "bulk");
  got.reset();
  Told told;
  read(t, got, 1 << 20);
  turn();
  t.cancel_read();
  kernel_->complete(receive(), -ECANCELED);
  turn();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error().fault, Fault::cancelled);
}

TEST_F(UringFault, completions_may_come_in_any_order) {
  std::array<Outcome<Chunk>, 3> got;
  for (auto& outcome : got) read(transport(), outcome);
  turn();
  kernel_->deliver(receive(2), "c");
  kernel_->deliver(receive(0), "a");
  kernel_->deliver(receive(0), "b");
  turn();
  ASSERT_TRUE(got[0] && got[1] && got[2]);
  EXPECT_EQ((*got[0])->view(), "a");
  EXPECT_EQ((*got[1])->view(), "b");
  EXPECT_EQ((*got[2])->view(), "c");
}

TEST_F(UringFault, a_full_completion_queue_delays_but_loses_nothing) {
  prototype_.completions = 4;
  open({});
  std::vector<Outcome<Chunk>> got(10);
  for (auto& outcome : got) read(transport(), outcome);
  turn();
  for (std::size_t i = 0; i < got.size(); ++i) kernel_->deliver(receive(), "x");
  turns(3);
  for (auto& outcome : got) EXPECT_TRUE(outcome);
}

TEST_F(UringFault, a_full_submission_queue_keeps_the_order_of_operations) {
  prototype_.entries = 4;
  open({});
  std::vector<Outcome<Chunk>> got(10);
  for (auto& outcome : got) {
    transport();
    (void)outcome;
  }
  kernel_->busy = true;
  for (std::size_t i = 0; i < got.size(); ++i) read(*transports_[i], got[i]);
  turn();
  EXPECT_EQ(kernel_->count(IORING_OP_RECV), 0U);
  kernel_->busy = false;
  turns(3);
  ASSERT_EQ(kernel_->count(IORING_OP_RECV), got.size());
  for (std::size_t i = 0; i < got.size(); ++i) kernel_->deliver(receive(), std::to_string(i));
  turns(2);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_TRUE(got[i]);
    EXPECT_EQ((*got[i])->view(), std::to_string(i));
  }
}

TEST_F(UringFault, a_broken_receive_is_remembered_by_reads_and_writes) {
  auto& t = transport();
  Outcome<Chunk> got, again;
  Outcome<void> written;
  std::array slices{Slice("x")};
  read(t, got);
  turn();
  kernel_->complete(receive(), -ECONNRESET);
  turn();
  read(t, again);
  write(t, slices, written);
  ASSERT_TRUE(got && again && written);
  EXPECT_EQ(got->error().fault, Fault::reset);
  EXPECT_EQ(again->error().fault, Fault::reset);
  EXPECT_EQ(written->error().fault, Fault::reset);
}

TEST_F(UringFault, an_answer_can_be_read_after_a_write_found_the_pipe_broken) {
  auto& t = transport();
  Outcome<Chunk> got, end;
  Outcome<void> written;
  std::array slices{Slice("x")};
  write(t, slices, written);
  turn();
  kernel_->complete(kernel_->find(IORING_OP_SEND), -EPIPE);
  turn();
  ASSERT_TRUE(written);
  EXPECT_EQ(written->error().fault, Fault::reset);
  read(t, got);
  turn();
  kernel_->deliver(receive(), "413");
  turn();
  ASSERT_TRUE(got && *got);
}

class UringAcceptFault : public UringFault {
 protected:
  void SetUp() override {
    UringFault::SetUp();
    int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    acceptor_ = std::move(*loop_->network().listen({listening, Address::ipv4_loopback(1)}));
  }

  using Accepted = std::optional<Result<std::unique_ptr<Transport>>>;
  void accept(Accepted& out) {
    tasks_.spawn(
        [](Acceptor& a, Accepted& o) -> Task<void> { o.emplace(co_await a.accept()); }(*acceptor_, out));
  }
  static int descriptor() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }
  const io_uring_sqe* accepting() { return kernel_->find(IORING_OP_ACCEPT); }
};

TEST_F(UringAcceptFault, one_operation_accepts_many_connections) {
  std::array<Accepted, 3> got;
  accept(got[0]);
  turn();
  for (int i = 0; i < 3; ++i) kernel_->complete(accepting(), descriptor(), IORING_CQE_F_MORE);
  turn();
  accept(got[1]);
  accept(got[2]);
  for (auto& one : got) EXPECT_TRUE(one && *one);
}

TEST_F(UringAcceptFault, a_connection_that_broke_in_the_queue_does_not_pause) {
  Accepted got;
  accept(got);
  turn();
  kernel_->complete(accepting(), -ECONNABORTED);
  turns(2);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error().fault, Fault::reset);
  EXPECT_TRUE(accepting());
}

TEST_F(UringAcceptFault, want_of_descriptors_pauses_for_a_tenth_of_a_second) {
  Accepted got, next;
  accept(got);
  turn();
  kernel_->complete(accepting(), -EMFILE);
  turns(2);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error().fault, Fault::no_descriptors);
  accept(next);
  clock_.time += 90ms;
  turns(2);
  EXPECT_FALSE(accepting());
  clock_.time += 20ms;
  turns(2);
  ASSERT_TRUE(accepting());
  kernel_->complete(accepting(), descriptor(), IORING_CQE_F_MORE);
  turn();
  EXPECT_TRUE(next && *next);
}

TEST_F(UringAcceptFault, what_was_accepted_before_the_stop_took_effect_is_given_out) {
  std::array<Accepted, 3> got;
  accept(got[0]);
  turn();
  acceptor_->stop();
  turn();
  EXPECT_FALSE(got[0]);
  kernel_->complete(accepting(), descriptor(), IORING_CQE_F_MORE);
  kernel_->complete(accepting(), descriptor());
  turn();
  accept(got[1]);
  accept(got[2]);
  ASSERT_TRUE(got[0] && got[1] && got[2]);
  EXPECT_TRUE(*got[0] && *got[1]);
  EXPECT_EQ(got[2]->error().fault, Fault::cancelled);
}

TEST_F(UringAcceptFault, connections_nobody_asks_for_stay_in_the_queue_of_the_kernel) {
  Accepted got;
  accept(got);
  turn();
  for (int i = 0; i < 260; ++i) kernel_->complete(accepting(), descriptor(), IORING_CQE_F_MORE);
  turns(6);
  EXPECT_TRUE(kernel_->asked_to_cancel(*accepting()));
  kernel_->complete(accepting(), -ECANCELED);
  turns(2);
  EXPECT_FALSE(accepting());
  Accepted one;
  for (int given_out = 1; given_out <= 260; ++given_out) {
    one.reset();
    accept(one);
    EXPECT_EQ(one.has_value(), given_out < 260);
  }
  turn();
  EXPECT_TRUE(accepting());
  acceptor_->stop();
  kernel_->complete(accepting(), -ECANCELED);
  turn();
}

TEST_F(UringAcceptFault, connections_that_come_to_a_deleted_acceptor_are_closed) {
  Accepted got;
  accept(got);
  turn();
  kernel_->complete(accepting(), descriptor(), IORING_CQE_F_MORE);
  turn();
  got.reset();
  acceptor_.reset();
  turn();
  kernel_->closed.clear();
  kernel_->complete(accepting(), descriptor(), IORING_CQE_F_MORE);
  kernel_->complete(accepting(), -ECANCELED);
  turns(2);
  EXPECT_EQ(kernel_->closed.size(), 2U);
}

// Random transports read, write, watch, cancel, abort and go, while random operations complete
// with random results: no buffer is lost, nothing stays in flight, every awaiter resumes.
class UringSchedule : public UringFault, public testing::WithParamInterface<unsigned> {
 protected:
  struct Peer {
    std::size_t at;
    Outcome<Chunk> got;
    Outcome<void> written;
    bool reading = false, writing = false;
  };

  unsigned pick(unsigned below) { return std::uniform_int_distribution<unsigned>(0, below - 1)(random_); }

  void act(Peer& peer) {
    if (!transports_[peer.at]) return;
    auto& t = *transports_[peer.at];
    switch (pick(8)) {
      case 0:
      case 1:
      case 2:
        if (peer.reading && !peer.got) return;
        peer.reading = true;
        peer.got.reset();
        return read(t, peer.got, pick(4) == 0 ? 100'000 : 0);
      case 3:
      case 4:
        if (peer.writing && !peer.written) return;
        peer.writing = true;
        peer.written.reset();
        return write(t, slices_, peer.written);
      case 5:
        return t.cancel_read();
      case 6:
        if (!peer.reading || peer.got) t.watch(&told_);
        return;
      default:
        if (pick(20) == 0) t.abort(Fault::timed_out, pick(2) == 0);
        if ((!peer.reading || peer.got) && (!peer.writing || peer.written) && pick(10) == 0) {
          transports_[peer.at].reset();
        }
    }
  }

  void complete_something() {
    if (kernel_->pending.empty()) return;
    auto* entry = &kernel_->pending[pick(static_cast<unsigned>(kernel_->pending.size()))];
    if (entry->opcode == IORING_OP_READ) return;  // the wake-up
    if (entry->opcode == IORING_OP_RECV) return complete_receive(entry);
    static constexpr std::array results{1, 2, 3, 5, -EINTR, -EAGAIN, -EPIPE, -ECONNRESET};
    kernel_->complete(entry, results[pick(pick(4) == 0 ? 8 : 4)]);
  }

  void complete_receive(const io_uring_sqe* entry) {
    static constexpr std::array failures{0, -EINTR, -EAGAIN, -ENOBUFS, -ECONNRESET, -ECANCELED};
    if (kernel_->asked_to_cancel(*entry) && pick(2) == 0) return kernel_->complete(entry, -ECANCELED);
    if (pick(8) == 0) return kernel_->complete(entry, failures[pick(5)]);
    kernel_->deliver(entry, "some bytes");
  }

  std::mt19937 random_{GetParam()};
  std::array<Slice, 3> slices_{Slice("one"), Slice(), Slice("two")};
  Told told_;
};

TEST_P(UringSchedule, leaves_nothing_behind) {
  prototype_.entries = 8;
  prototype_.completions = 8;
  open({.read_buffer = 64, .max_read_memory = 3 * 64, .max_bulk_memory = 1 << 19});
  std::vector<Peer> peers(8);
  for (auto& peer : peers) {
    peer.at = transports_.size();
    transport();
  }
  for (int step = 0; step < 600; ++step) {
    kernel_->busy = pick(10) == 0;
    act(peers[pick(8)]);
    if (pick(2)) complete_something();
    if (pick(3) == 0) turn();
    if (pick(3) == 0) {
      auto& peer = peers[pick(8)];
      if (peer.reading && peer.got) peer.got.emplace(Chunk{});  // gives the buffer back
    }
  }
  kernel_->busy = false;
  for (auto& t : transports_) {
    if (t) t->abort(Fault::cancelled);
  }
  for (int i = 0; i < 20; ++i) {
    while (kernel_->pending.size() > 1) {
      auto* entry = &kernel_->pending[kernel_->pending[0].opcode == IORING_OP_READ ? 1 : 0];
      kernel_->complete(entry, -ECANCELED);
    }
    turn();
  }
  EXPECT_EQ(tasks_.size(), 0U);
  peers.clear();
  transports_.clear();
  turns(2);
  EXPECT_EQ(loop_->ring().in_flight(), 1U);  // the wake-up
  EXPECT_EQ(kernel_->buffers_left(), loop_->buffers().wanted());
  EXPECT_EQ(kernel_->closed.size(), 8U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, UringSchedule, testing::Range(1U, 201U));

}  // namespace
}  // namespace sluice::net
