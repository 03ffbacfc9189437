#include "base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace sluice {
namespace {

TEST(Arena, copies_text_without_the_heap_while_it_fits) {
  Arena arena;
  std::string text = "host";
  auto copy = arena.copy(text);
  text = "gone";
  EXPECT_EQ(copy, "host");
  EXPECT_EQ(arena.heap_bytes(), 0u);
}

TEST(Arena, grows_and_keeps_what_was_given_out) {
  Arena arena;
  std::string small(1000, 'a'), large(100'000, 'b');
  auto first = arena.copy(small);
  auto second = arena.copy(large);
  auto third = arena.copy(small);
  EXPECT_EQ(first, small);
  EXPECT_EQ(second, large);
  EXPECT_EQ(third, small);
  EXPECT_GT(arena.heap_bytes(), 100'000u);
}

TEST(Arena, reuses_its_blocks_after_a_reset) {
  Arena arena;
  auto fill = [&] {
    for (int i = 0; i < 100; ++i) arena.copy(std::string(200, 'x'));
  };
  fill();
  arena.reset();
  auto bytes = arena.heap_bytes();
  EXPECT_GT(bytes, 0u);
  for (int round = 0; round < 10; ++round) {
    fill();
    EXPECT_EQ(arena.heap_bytes(), bytes);
    arena.reset();
  }
}

TEST(Arena, gives_large_blocks_back_at_a_reset) {
  Arena arena;
  arena.copy(std::string(1'000'000, 'x'));
  arena.reset();
  EXPECT_EQ(arena.heap_bytes(), 0u);
}

TEST(Arena, aligns) {
  Arena arena;
  for (int i = 0; i < 300; ++i) {
    arena.copy("x");
    auto* number = arena.make<std::uint64_t>(7u);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(number) % alignof(std::uint64_t), 0u);
    EXPECT_EQ(*number, 7u);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.allocate(3, 64)) % 64, 0u);
  }
}

TEST(Arena, joins_parts) {
  Arena arena;
  EXPECT_EQ(arena.concat("a", std::string("bc"), std::string_view(), "d"), "abcd");
  EXPECT_EQ(arena.concat(), "");
}

TEST(Arena, makes_arrays_of_zeros) {
  Arena arena;
  auto* numbers = arena.make_array<int>(1000);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(numbers[i], 0);
}

}  // namespace
}  // namespace sluice
