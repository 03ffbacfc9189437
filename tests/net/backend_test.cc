#include "net/backend.h"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

TEST(Backend, probe_says_why_io_uring_is_not_usable) {
  auto probe = probe_backend();
  if (probe.best == Backend::uring) {
    EXPECT_EQ(probe.reason, "");
  } else {
    EXPECT_EQ(probe.best, Backend::epoll);
    EXPECT_NE(probe.reason, "");
  }
}

TEST(Backend, has_a_name) {
  EXPECT_EQ(name(Backend::uring), "uring");
  EXPECT_EQ(name(Backend::epoll), "epoll");
  EXPECT_EQ(name(Backend::asio), "asio");
}

TEST(Backend, makes_the_best_loop_of_this_machine) {
  SystemClock clock;
  auto loop = make_loop(probe_backend().best, clock);
  loop->post([&] { loop->stop(); });
  loop->run();
  EXPECT_GT(loop->stats().turns.load(), 0u);
}

}  // namespace
}  // namespace sluice::net
