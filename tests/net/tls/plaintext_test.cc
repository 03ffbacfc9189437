#include "net/tls/plaintext.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::net::tls {
namespace {

TEST(Plaintext, joins_slices_that_fit_the_buffer) {
  const Slice slices[] = {"one", "", "two", "three"};
  Plaintext text(slices);
  std::array<char, 16> buffer;
  EXPECT_EQ(text.size(), 11u);
  EXPECT_EQ(text.take(8, buffer), "onetwoth");
  EXPECT_EQ(text.size(), 3u);
  EXPECT_EQ(text.take(3, buffer), "ree");
  EXPECT_EQ(text.size(), 0u);
}

TEST(Plaintext, of_one_slice_is_not_copied) {
  const std::string bytes = "all of it";
  const Slice slices[] = {bytes};
  Plaintext text(slices);
  std::array<char, 16> buffer;
  EXPECT_EQ(text.take(3, buffer).data(), bytes.data());
  EXPECT_EQ(text.take(6, buffer).data(), bytes.data() + 3);
}

TEST(Plaintext, that_the_buffer_does_not_hold_comes_slice_by_slice) {
  const Slice slices[] = {"large", "enough"};
  Plaintext text(slices);
  std::array<char, 4> buffer;
  EXPECT_EQ(text.take(11, buffer), "large");
  EXPECT_EQ(text.take(6, buffer), "enough");
  EXPECT_EQ(text.size(), 0u);
}

TEST(Plaintext, of_nothing_is_empty) {
  std::array<char, 4> buffer;
  Plaintext text;
  EXPECT_EQ(text.size(), 0u);
  EXPECT_EQ(text.take(0, buffer), "");
}

}  // namespace
}  // namespace sluice::net::tls
