#include "codec/h2/frame_cutter.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace sluice::codec::h2 {
namespace {

std::string frame(std::uint32_t length, std::uint8_t type, std::uint8_t flags, std::uint32_t stream) {
  std::string head;
  for (int shift : {16, 8, 0}) head += static_cast<char>(length >> shift);
  head += {static_cast<char>(type), static_cast<char>(flags)};
  for (int shift : {24, 16, 8, 0}) head += static_cast<char>(stream >> shift);
  for (std::uint32_t i = 0; i < length; ++i) head += static_cast<char>(i);
  return head;
}

// What a cutter makes of bytes that come in reads of its own.
struct Cut {
  std::vector<std::string> parts;
  std::vector<FrameHead> heads;

  void read(FrameCutter& cutter, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto part = cutter.next(bytes);
      ASSERT_FALSE(part.bytes.empty());
      ASSERT_EQ(part.bytes.data(), bytes.data());
      ASSERT_LE(part.bytes.size(), bytes.size());
      parts.emplace_back(part.bytes);
      if (part.head) heads.push_back(*part.head);
      bytes.remove_prefix(part.bytes.size());
    }
  }

  std::string whole() const {
    std::string all;
    for (const auto& part : parts) all += part;
    return all;
  }
};

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Frames without payload, of one byte and of several, behind one another in every order that matters.
const std::string kFrames = frame(0, 4, 0, 0) + frame(0, 4, 1, 0) + frame(8, 6, 0, 0) + frame(1, 0, 1, 7) +
                            frame(0, 0, 0, 7) + frame(13, 1, 5, 0x7FFFFFFF) + frame(300, 0, 8, 9);
const std::vector<FrameHead> kHeads = {{0, 4, 0, 0}, {0, 4, 1, 0},           {8, 6, 0, 0},  {1, 0, 1, 7},
                                       {0, 0, 0, 7}, {13, 1, 5, 0x7FFFFFFF}, {300, 0, 8, 9}};

TEST(FrameCutter, gives_each_frame_as_one_part_where_all_is_there) {
  FrameCutter cutter(kPreface.size());
  Cut cut;
  cut.read(cutter, std::string(kPreface) + kFrames);
  ASSERT_EQ(cut.parts.size(), kHeads.size() + 1);
  EXPECT_EQ(cut.parts.front(), kPreface);
  EXPECT_EQ(cut.heads, kHeads);
  for (std::size_t i = 0; i < kHeads.size(); ++i) EXPECT_EQ(cut.parts[i + 1].size(), 9 + kHeads[i].length);
}

TEST(FrameCutter, finds_the_same_frames_wherever_a_read_ends) {
  const auto bytes = std::string(kPreface) + kFrames;
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    SCOPED_TRACE(at);
    FrameCutter cutter(kPreface.size());
    Cut cut;
    cut.read(cutter, std::string_view(bytes).substr(0, at));
    cut.read(cutter, std::string_view(bytes).substr(at));
    EXPECT_EQ(cut.heads, kHeads);
    EXPECT_EQ(cut.whole(), bytes);
    EXPECT_LE(cut.parts.size(), kHeads.size() + 2);
  }
}

TEST(FrameCutter, finds_the_same_frames_byte_by_byte) {
  const auto bytes = std::string(kPreface) + kFrames;
  FrameCutter cutter(kPreface.size());
  Cut cut;
  for (std::size_t at = 0; at < bytes.size(); ++at) cut.read(cutter, std::string_view(bytes).substr(at, 1));
  EXPECT_EQ(cut.heads, kHeads);
  EXPECT_EQ(cut.whole(), bytes);
}

TEST(FrameCutter, tells_of_a_frame_with_the_last_byte_of_its_head_and_no_sooner) {
  const auto bytes = frame(5, 1, 4, 3);
  FrameCutter cutter(0);
  EXPECT_EQ(cutter.next(bytes.substr(0, 8)).head, nullptr);
  const auto part = cutter.next(std::string_view(bytes).substr(8, 1));
  ASSERT_NE(part.head, nullptr);
  EXPECT_EQ(part.head->length, 5u);
  EXPECT_EQ(cutter.next(std::string_view(bytes).substr(9)).head, nullptr);
}

TEST(FrameCutter, knows_the_largest_length_and_leaves_the_reserved_bit_out) {
  FrameCutter cutter(0);
  const std::string head("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 9);
  const auto part = cutter.next(head);
  ASSERT_NE(part.head, nullptr);
  EXPECT_EQ(*part.head, (FrameHead{0xFFFFFF, 0xFF, 0xFF, 0x7FFFFFFF}));
  std::size_t left = 0xFFFFFF;
  const std::string payload(1 << 20, 'x');
  while (left > payload.size()) {
    EXPECT_EQ(cutter.next(payload).bytes.size(), payload.size());
    left -= payload.size();
  }
  EXPECT_EQ(cutter.next(payload).bytes.size(), left);
  EXPECT_NE(cutter.next(frame(0, 6, 0, 0)).head, nullptr);
}

TEST(FrameCutter, looks_for_no_frame_within_the_preface) {
  FrameCutter cutter(kPreface.size());
  EXPECT_EQ(cutter.next(kPreface.substr(0, 20)).head, nullptr);
  EXPECT_EQ(cutter.next(kPreface.substr(20)).bytes.size(), 4u);
  EXPECT_NE(cutter.next(frame(0, 4, 0, 0)).head, nullptr);
}

}  // namespace
}  // namespace sluice::codec::h2
