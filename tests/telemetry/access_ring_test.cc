#include "telemetry/access_ring.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "telemetry/records.h"

namespace sluice::telemetry {
namespace {

constexpr std::size_t small = 16 * 1024;

TEST(AccessRing, gives_back_what_it_took) {
  AccessRing ring(small);
  AccessRecord in = usual_record();
  in.tls_resumed = true;
  in.grpc_status = http::GrpcStatus::aborted;
  ASSERT_TRUE(ring.push(in));
  AccessRecord out;
  ASSERT_TRUE(ring.front(out));
  EXPECT_EQ(out.time, in.time);
  EXPECT_EQ(out.duration, in.duration);
  EXPECT_EQ(out.upstream_duration, in.upstream_duration);
  EXPECT_EQ(out.bytes_in, in.bytes_in);
  EXPECT_EQ(out.bytes_out, in.bytes_out);
  EXPECT_EQ(out.status, in.status);
  EXPECT_EQ(out.attempts, in.attempts);
  EXPECT_EQ(out.tls_resumed, in.tls_resumed);
  EXPECT_EQ(out.grpc_status, in.grpc_status);
  for (const AccessText& text : access_texts) EXPECT_EQ(out.*text.member, in.*text.member) << text.key;
  ring.pop();
  EXPECT_FALSE(ring.front(out));
}

TEST(AccessRing, tells_no_upstream_from_a_quick_one) {
  AccessRing ring(small);
  AccessRecord in, out;
  ring.push(in);
  in.upstream_duration = Duration(0);
  ring.push(in);
  ring.front(out);
  EXPECT_FALSE(out.upstream_duration);
  ring.pop();
  ring.front(out);
  EXPECT_EQ(out.upstream_duration, Duration(0));
}

TEST(AccessRing, marks_a_text_that_it_cuts) {
  AccessRing ring(small);
  AccessRecord in = usual_record(), out;
  const std::string longest(1024, 'a'), longer(1025, 'b');
  in.path = longest;
  in.query = longer;
  ring.push(in);
  ring.front(out);
  EXPECT_EQ(out.path, longest);
  EXPECT_EQ(out.query, std::string(1021, 'b') + "...");
}

TEST(AccessRing, cuts_no_utf_8_character_in_half) {
  AccessRing ring(small);
  AccessRecord in, out;
  const std::string euros = "ab" + [] {
    std::string s;
    for (int i = 0; i < 500; ++i) s += "\xE2\x82\xAC";
    return s;
  }();
  in.path = euros;
  ring.push(in);
  ring.front(out);
  EXPECT_EQ(out.path, euros.substr(0, 2 + 339 * 3) + "...");
}

TEST(AccessRing, refuses_what_has_no_room_and_keeps_the_rest) {
  AccessRing ring(small);
  AccessRecord in = usual_record(), out;
  std::uint64_t kept = 0;
  for (in.bytes_in = 0; ring.push(in); ++in.bytes_in) ++kept;
  EXPECT_TRUE(ring.half_full());
  for (std::uint64_t i = 0; i < kept; ++i) {
    ASSERT_TRUE(ring.front(out));
    EXPECT_EQ(out.bytes_in, i);
    ring.pop();
  }
  EXPECT_FALSE(ring.front(out));
  EXPECT_FALSE(ring.half_full());
  EXPECT_TRUE(ring.push(in));
}

TEST(AccessRing, holds_the_longest_record_at_any_place) {
  const std::string text(5000, 'x');
  AccessRecord longest, shortest, out;
  for (const AccessText& one : access_texts) longest.*one.member = text;
  for (int before = 0; before < 200; ++before) {
    AccessRing ring(small);
    for (int i = 0; i < before; ++i) {
      ASSERT_TRUE(ring.push(shortest));
      ASSERT_TRUE(ring.front(out));
      ring.pop();
    }
    ASSERT_TRUE(ring.push(longest)) << before;
    ASSERT_TRUE(ring.front(out));
    EXPECT_EQ(out.path.size(), 1024u);
    ring.pop();
  }
}

TEST(AccessRing, refuses_a_size_that_does_not_fit) {
  EXPECT_THROW(AccessRing(8 * 1024), std::invalid_argument);
  EXPECT_THROW(AccessRing(small + 1), std::invalid_argument);
}

TEST(AccessRing, carries_records_between_two_threads_in_order) {
  AccessRing ring(small);
  constexpr std::uint64_t total = 20'000;
  std::thread producer([&ring] {
    const std::string text(700, 'p');
    AccessRecord in = usual_record();
    for (std::uint64_t i = 0; i < total;) {
      in.bytes_in = i;
      in.path = std::string_view(text).substr(0, i * 7 % 701);
      if (ring.push(in)) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  AccessRecord out;
  for (std::uint64_t i = 0; i < total;) {
    if (!ring.front(out)) {
      std::this_thread::yield();
      continue;
    }
    EXPECT_EQ(out.bytes_in, i);
    EXPECT_EQ(out.path.size(), i * 7 % 701);
    EXPECT_EQ(out.user_agent, "curl/7.88.1");
    ring.pop();
    ++i;
  }
  producer.join();
}

}  // namespace
}  // namespace sluice::telemetry
