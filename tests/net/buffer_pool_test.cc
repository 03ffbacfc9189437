#include "net/buffer_pool.h"

#include <gtest/gtest.h>

#include <cstring>

namespace sluice::net {
namespace {

TEST(BufferPool, gives_out_the_buffer_that_was_used_last) {
  BufferPool pool({});
  auto first = pool.lease(0);
  auto second = pool.lease(0);
  char* warm = first.data;
  pool.give_back(first);
  auto third = pool.lease(0);
  EXPECT_EQ(third.data, warm);
  pool.give_back(second);
  pool.give_back(third);
  EXPECT_EQ(pool.leased(), 0u);
}

TEST(BufferPool, gives_a_large_buffer_where_much_is_expected) {
  BufferPool pool({});
  auto small = pool.lease(BufferPool::kBulkFrom - 1);
  auto large = pool.lease(BufferPool::kBulkFrom);
  EXPECT_EQ(small.size, LoopOptions{}.read_buffer);
  EXPECT_EQ(large.size, LoopOptions{}.bulk_buffer);
  std::memset(large.data, 1, large.size);
  std::memset(small.data, 1, small.size);
  pool.give_back(small);
  pool.give_back(large);
}

TEST(BufferPool, gives_nothing_at_its_cap_until_one_is_back) {
  LoopOptions options;
  options.max_read_memory = 3 * options.read_buffer;
  options.max_bulk_memory = options.bulk_buffer;
  BufferPool pool(options);
  auto bulk = pool.lease(1 << 20);
  EXPECT_EQ(bulk.size, options.bulk_buffer);
  std::vector<BufferLease> leases{pool.lease(1 << 20), pool.lease(0), pool.lease(0)};
  EXPECT_EQ(leases[0].size, options.read_buffer) << "an ordinary one serves when no large one is left";
  EXPECT_FALSE(pool.available());
  EXPECT_FALSE(pool.lease(0));
  { Chunk chunk = pool.chunk(leases.back(), 10); }
  EXPECT_TRUE(pool.available());
  leases.back() = pool.lease(0);
  EXPECT_TRUE(leases.back());
  leases.push_back(bulk);
  for (auto& lease : leases) pool.give_back(lease);
}

TEST(Chunk, gives_its_buffer_back_once) {
  BufferPool pool({});
  auto lease = pool.lease(0);
  std::memcpy(lease.data, "hello", 5);
  Chunk chunk = pool.chunk(lease, 5);
  Chunk moved = std::move(chunk);
  EXPECT_EQ(moved.view(), "hello");
  moved.consume(2);
  EXPECT_EQ(moved.view(), "llo");
  moved.truncate(1);
  EXPECT_EQ(moved.view(), "l");
  EXPECT_EQ(pool.leased(), 1u);
  moved = Chunk();
  EXPECT_EQ(pool.leased(), 0u);
  EXPECT_TRUE(Chunk().empty());
}

}  // namespace
}  // namespace sluice::net
