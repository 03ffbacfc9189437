#include "base/frame_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <vector>

#include "base/poison.h"

namespace sluice {
namespace {

TEST(FramePool, gives_a_freed_frame_out_again) {
#ifdef SLUICE_ASAN
  GTEST_SKIP() << "frames are heap blocks of their own here";
#endif
  void* first = allocate_frame(300);
  free_frame(first, 300);
  void* second = allocate_frame(305);  // of the same step
  EXPECT_EQ(first, second);
  free_frame(second, 305);
  drop_free_frames();
}

TEST(FramePool, keeps_frames_of_all_sizes_apart) {
  std::vector<std::pair<char*, std::size_t>> frames;
  std::set<void*> distinct;
  for (std::size_t size = 1; size < 9000; size += 37) {
    auto* frame = static_cast<char*>(allocate_frame(size));
    std::memset(frame, static_cast<int>(size & 127), size);
    frames.emplace_back(frame, size);
    distinct.insert(frame);
  }
  EXPECT_EQ(distinct.size(), frames.size());
  for (auto [frame, size] : frames) {
    EXPECT_EQ(frame[0], static_cast<char>(size & 127));
    EXPECT_EQ(frame[size - 1], static_cast<char>(size & 127));
    free_frame(frame, size);
  }
  drop_free_frames();
}

}  // namespace
}  // namespace sluice
