#include "proxy/connection_count.h"

#include <gtest/gtest.h>

namespace sluice::proxy {
namespace {

TEST(SharedConnectionCount, gives_as_many_places_as_its_limit_says) {
  SharedConnectionCount count(2);
  EXPECT_TRUE(count.take());
  EXPECT_TRUE(count.take());
  EXPECT_FALSE(count.take());
  count.give();
  EXPECT_TRUE(count.take());
  EXPECT_EQ(count.count(), 2u);
}

TEST(SharedConnectionCount, is_held_to_the_whole_that_it_is_within) {
  SharedConnectionCount whole(3), one(2), other(2);
  one.within(whole);
  other.within(whole);
  EXPECT_TRUE(one.take());
  EXPECT_TRUE(one.take());
  EXPECT_FALSE(one.take());
  EXPECT_TRUE(other.take());
  EXPECT_FALSE(other.take());
  EXPECT_EQ(whole.count(), 3u);
  one.give();
  EXPECT_TRUE(other.take());
  EXPECT_EQ(whole.count(), 3u);
  EXPECT_EQ(one.count() + other.count(), 3u);
}

}  // namespace
}  // namespace sluice::proxy
