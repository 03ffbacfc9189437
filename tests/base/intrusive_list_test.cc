#include "base/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluice {
namespace {

struct Item : ListHook<> {
  explicit Item(char c) : letter(c) {}
  char letter;
};

std::string drain(IntrusiveList<Item>& list) {
  std::string letters;
  while (auto* item = list.pop_front()) letters += item->letter;
  return letters;
}

TEST(IntrusiveList, keeps_the_order_of_arrival) {
  Item a('a'), b('b'), c('c');
  IntrusiveList<Item> list;
  list.push_back(b);
  list.push_back(c);
  list.push_front(a);
  EXPECT_EQ(list.front().letter, 'a');
  EXPECT_EQ(list.back().letter, 'c');
  EXPECT_EQ(drain(list), "abc");
  EXPECT_TRUE(list.empty());
}

TEST(IntrusiveList, moves_an_element_that_is_pushed_again) {
  Item a('a'), b('b');
  IntrusiveList<Item> list;
  list.push_back(a);
  list.push_back(b);
  list.push_back(b);  // the last one
  list.push_front(a);
  list.push_back(a);
  EXPECT_EQ(drain(list), "ba");
}

TEST(IntrusiveList, loses_what_is_destroyed) {
  Item a('a'), c('c');
  auto b = std::make_unique<Item>('b');
  IntrusiveList<Item> list;
  list.push_back(a);
  list.push_back(*b);
  list.push_back(c);
  b.reset();
  EXPECT_EQ(drain(list), "ac");
}

TEST(IntrusiveList, takes_over_another) {
  Item a('a'), b('b'), c('c');
  IntrusiveList<Item> list, other, none;
  list.push_back(a);
  other.push_back(b);
  other.push_back(c);
  list.splice_back(other);
  list.splice_back(none);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(drain(list), "abc");
}

TEST(IntrusiveList, lets_its_elements_outlive_it) {
  Item a('a');
  {
    IntrusiveList<Item> list;
    list.push_back(a);
  }
  EXPECT_FALSE(a.linked());
}

}  // namespace
}  // namespace sluice
