// Real files in a folder of the test's own; waits end with what they wait for, or with a failure.
#include "runtime/file_watch.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

enum class How { inotify, polling };

FileWatch::Settings settings(How how) {
  // Without events, nothing but a failure would be seen within a test's patience.
  return {.quiet = 20ms, .longest = 300ms, .recheck = 10min, .poll = 20ms, .inotify = how == How::inotify};
}

class FileWatchTest : public testing::TestWithParam<How> {
 protected:
  FileWatchTest() {
    auto pattern = (fs::temp_directory_path() / "sluice-watch-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~FileWatchTest() override { fs::remove_all(folder_); }

  fs::path path(const std::string& name) const { return folder_ / name; }

  void write(const std::string& name, std::string_view text) const {
    fs::create_directories(path(name).parent_path());
    std::ofstream(path(name), std::ios::binary) << text;
  }

  /// What an editor does.
  void replace(const std::string& name, std::string_view text) const {
    write(name + ".tmp", text);
    fs::rename(path(name + ".tmp"), path(name));
  }

  conf::Sources sources(const std::vector<std::string>& names) const {
    conf::Sources all;
    for (const auto& name : names) all.add(path(name));
    return all;
  }

  void watch(const std::vector<std::string>& names) { watch_.watch(sources(names)); }

  /// One more call than were expected before; after it, the caller reads the files again, as a reload would.
  void expect_told() {
    std::unique_lock lock(mutex_);
    ++expected_;
    ASSERT_TRUE(told_.wait_for(lock, 20s, [&] { return calls_ >= expected_; })) << "nothing was told";
    expected_ = calls_;
  }

  /// Nothing has been told of what was done so far: of what is done now, which comes behind it, one thing is.
  void expect_told_only_of(const std::string& name) {
    {
      std::lock_guard lock(mutex_);
      ASSERT_EQ(calls_, expected_);
    }
    replace(name, "the last change of the test");
    expect_told();
    std::lock_guard lock(mutex_);
    EXPECT_EQ(calls_, expected_);
  }

  fs::path folder_;
  std::mutex mutex_;
  std::condition_variable told_;
  unsigned calls_ = 0, expected_ = 0;
  FileWatch watch_{[this] {
                     std::lock_guard lock(mutex_);
                     ++calls_;
                     told_.notify_all();
                   },
                   settings(GetParam())};
};

TEST_P(FileWatchTest, sees_a_write_in_place) {
  write("a.yaml", "one");
  watch({"a.yaml"});
  write("a.yaml", "two");
  expect_told();
  write("a.yaml", "three");
  expect_told();
}

TEST_P(FileWatchTest, sees_a_file_that_replaces_it) {
  write("a.yaml", "one");
  watch({"a.yaml"});
  replace("a.yaml", "two");
  expect_told();
  replace("a.yaml", "six");
  expect_told();
}

TEST_P(FileWatchTest, sees_how_sed_and_vim_save) {
  write("a.yaml", "one\n");
  watch({"a.yaml"});
  ASSERT_EQ(std::system(("sed -i s/one/two/ " + path("a.yaml").string()).c_str()), 0);
  expect_told();
  // vim, with a backup: the old one is moved away, a new one is written under the name, the old one goes.
  fs::rename(path("a.yaml"), path("a.yaml~"));
  write("a.yaml", "three\n");
  fs::remove(path("a.yaml~"));
  expect_told();
}

TEST_P(FileWatchTest, sees_a_file_go_and_come) {
  write("a.yaml", "one");
  watch({"a.yaml"});
  fs::remove(path("a.yaml"));
  expect_told();
  write("a.yaml", "one");
  expect_told();
}

TEST_P(FileWatchTest, sees_a_file_come_that_was_not_there_nor_its_folders) {
  watch({"x/y/a.yaml"});
  write("x/y/a.yaml", "one");
  expect_told();
}

TEST_P(FileWatchTest, sees_the_swap_of_a_kubernetes_config_map) {
  write("mount/..2026_01/a.yaml", "one");
  fs::create_directory_symlink("..2026_01", path("mount/..data"));
  fs::create_symlink("..data/a.yaml", path("mount/a.yaml"));
  watch({"mount/a.yaml"});
  for (const auto* version : {"..2026_02", "..2026_03"}) {
    write(std::string("mount/") + version + "/a.yaml", version);
    fs::create_directory_symlink(version, path("mount/..data_tmp"));
    fs::rename(path("mount/..data_tmp"), path("mount/..data"));
    expect_told();
  }
  write("mount/..2026_03/a.yaml", "in place");
  expect_told();
}

TEST_P(FileWatchTest, sees_a_folder_replaced) {
  write("mount/a.yaml", "one");
  watch({"mount/a.yaml"});
  write("other/a.yaml", "two");
  fs::rename(path("mount"), path("old"));
  fs::rename(path("other"), path("mount"));
  expect_told();
  write("mount/a.yaml", "three");
  expect_told();
}

TEST_P(FileWatchTest, sees_files_that_begin_and_cease_to_match) {
  write("conf.d/a.yaml", "one");
  auto all = sources({"conf.d/a.yaml"});
  all.add_pattern(path("conf.d/*.yaml"), {path("conf.d/a.yaml")});
  watch_.watch(all);
  write("conf.d/b.yaml", "two");
  expect_told();
  fs::remove(path("conf.d/b.yaml"));
  expect_told();
}

TEST_P(FileWatchTest, sees_folders_that_begin_to_match) {
  conf::Sources all;
  all.add_pattern(path("team-*/x.yaml"), {});
  watch_.watch(all);
  write("team-a/x.yaml", "one");
  expect_told();
}

TEST_P(FileWatchTest, tells_of_what_changed_before_it_began) {
  write("a.yaml", "one");
  const auto read = sources({"a.yaml"});
  write("a.yaml", "three");
  watch_.watch(read);
  expect_told();
}

TEST_P(FileWatchTest, is_not_woken_by_reads_nor_by_other_files) {
  write("a.yaml", "one");
  write("b.yaml", "one");
  watch({"a.yaml", "b.yaml"});
  replace("a.yaml", "three");
  expect_told();
  std::ofstream log(path("access.log"));
  for (int i = 0; i < 1000; ++i) {
    log << "a line\n" << std::flush;
    if (i % 100 == 0) write("log." + std::to_string(i), "rotated");
    std::ifstream(path("a.yaml")).get();
  }
  expect_told_only_of("b.yaml");
}

TEST_P(FileWatchTest, forgets_what_it_watched_before) {
  write("a.yaml", "one");
  write("b.yaml", "one");
  watch({"a.yaml"});
  watch({"b.yaml"});
  replace("a.yaml", "three");
  expect_told_only_of("b.yaml");
}

TEST_P(FileWatchTest, tells_in_the_end_of_what_never_rests) {
  write("a.yaml", "");
  watch({"a.yaml"});
  std::ofstream file(path("a.yaml"), std::ios::app);
  for (const auto end = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < end;) {
    std::ofstream(path("a.yaml"), std::ios::app) << "more";
    std::lock_guard lock(mutex_);
    if (calls_ > 0) return;
  }
  FAIL() << "nothing was told while it changed";
}

TEST_P(FileWatchTest, ends_while_files_change) {
  write("a.yaml", "one");
  for (int i = 0; i < 20; ++i) {
    FileWatch watch([] {}, settings(GetParam()));
    watch.watch(sources({"a.yaml"}));
    write("a.yaml", std::to_string(i));
  }
}

/// No descriptor above those in use.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(0);
    close(next);
    const rlimit none{static_cast<rlim_t>(next), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_P(FileWatchTest, goes_on_without_inotify) {
  write("a.yaml", "one");
  const auto read = sources({"a.yaml"});
  write("a.yaml", "three");
  {
    const NoDescriptors none;
    watch_.watch(read);
    expect_told();
  }
  EXPECT_TRUE(watch_.polls());
  write("a.yaml", "seven");
  expect_told();
}

INSTANTIATE_TEST_SUITE_P(All, FileWatchTest, testing::Values(How::inotify, How::polling),
                         [](const auto& how) { return how.param == How::inotify ? "inotify" : "polling"; });

}  // namespace
}  // namespace sluice::runtime
