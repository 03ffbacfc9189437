#include "base/task.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice {
namespace {

// Something to wait for.
struct Gate {
  std::coroutine_handle<> waiter;
  struct Awaiter {
    Gate& gate;
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) noexcept { gate.waiter = handle; }
    void await_resume() noexcept {}
  };
  auto operator co_await() noexcept { return Awaiter{*this}; }
  void open() { std::exchange(waiter, nullptr).resume(); }
};

Task<int> number(int value) { co_return value; }

Task<std::int64_t> sum_to(int n) {
  std::int64_t sum = 0;
  for (int i = 1; i <= n; ++i) sum += co_await number(i);
  co_return sum;
}

TEST(Task, starts_only_when_awaited) {
  bool ran = false;
  auto make = [&]() -> Task<> {
    ran = true;
    co_return;
  };
  { auto task = make(); }
  EXPECT_FALSE(ran);
  TaskGroup group;
  group.spawn(make());
  EXPECT_TRUE(ran);
  EXPECT_EQ(group.size(), 0u);
}

TEST(Task, completes_many_children_without_growing_the_stack) {
  int result = 0;
  auto main = [&]() -> Task<> { result = co_await sum_to(100'000) == 5000050000 ? 1 : 2; };
  TaskGroup group;
  group.spawn(main());
  EXPECT_EQ(result, 1);
}

TEST(Task, resumes_its_awaiter_when_a_suspended_child_ends) {
  Gate gate;
  std::vector<std::string> order;
  auto child = [&]() -> Task<std::string> {
    order.push_back("child");
    co_await gate;
    co_return "value";
  };
  auto main = [&]() -> Task<> { order.push_back(co_await child()); };
  TaskGroup group;
  group.spawn(main());
  EXPECT_EQ(group.size(), 1u);
  gate.open();
  EXPECT_EQ(group.size(), 0u);
  EXPECT_EQ(order, (std::vector<std::string>{"child", "value"}));
}

TEST(Task, carries_values_that_only_move) {
  auto child = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
  int seen = 0;
  auto main = [&]() -> Task<> { seen = *co_await child(); };
  TaskGroup group;
  group.spawn(main());
  EXPECT_EQ(seen, 5);
}

TEST(Task, carries_exceptions_to_its_awaiter) {
  auto child = []() -> Task<int> {
    throw std::runtime_error("broken");
    co_return 1;
  };
  std::string what;
  auto main = [&]() -> Task<> {
    try {
      co_await child();
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
  };
  TaskGroup group;
  group.spawn(main());
  EXPECT_EQ(what, "broken");
}

TEST(TaskGroup, is_joined_when_the_last_has_ended) {
  Gate first, second;
  auto wait = [](Gate& gate) -> Task<> { co_await gate; };
  TaskGroup group, outer;
  group.spawn(wait(first));
  group.spawn(wait(second));
  bool joined = false;
  auto main = [&]() -> Task<> {
    co_await group.join();
    joined = true;
  };
  outer.spawn(main());
  second.open();
  EXPECT_FALSE(joined);
  first.open();
  EXPECT_TRUE(joined);
}

TEST(Child, runs_beside_its_parent) {
  Gate gate;
  std::string order;
  auto beside = [&]() -> Task<> {
    order += "child starts, ";
    co_await gate;
    order += "child ends, ";
  };
  auto main = [&]() -> Task<> {
    Child child;
    child.start(beside());
    order += "parent goes on, ";
    EXPECT_TRUE(child.running());
    co_await child.join();
    order += "joined";
  };
  TaskGroup group;
  group.spawn(main());
  gate.open();
  EXPECT_EQ(order, "child starts, parent goes on, child ends, joined");
}

}  // namespace
}  // namespace sluice
