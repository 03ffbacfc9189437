#include "conf/faults.h"

#include <gtest/gtest.h>

#include "conf/reader.h"

namespace sluice::conf {
namespace {

TEST(Faults, are_within_what_holds_them_and_nothing_else) {
  Problems problems;
  const auto root = read_text("a: { b: [1] }\na-b: 1\nab: 1\nc: 1\n", "c.yaml", problems);
  problems.add(root.find("a").find("b").first(), "wrong");
  const Faults faults(problems);
  EXPECT_TRUE(faults.within(root.find("a")));
  EXPECT_TRUE(faults.within(root.find("a").find("b")));
  EXPECT_TRUE(faults.within(root.find("a").find("b").first()));
  for (const auto* sound : {"a-b", "ab", "c"}) EXPECT_FALSE(faults.within(root.find(sound))) << sound;
}

TEST(Faults, are_within_what_is_absent) {
  const Problems none;
  EXPECT_TRUE(Faults(none).within(Node()));
}

TEST(Faults, are_within_the_aliases_of_what_is_broken) {
  Problems problems;
  const auto root = read_text("a: &a [\"${1}\"]\nb: *a\n", "c.yaml", problems);
  EXPECT_TRUE(Faults(problems).within(root.find("b")));
}

}  // namespace
}  // namespace sluice::conf
