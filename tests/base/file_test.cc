#include "base/file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace literals;
namespace fs = std::filesystem;

struct RegularFile : ::testing::Test {
  RegularFile() { fs::create_directories(folder); }
  ~RegularFile() override { fs::remove_all(folder); }

  fs::path write(const std::string& name, const std::string& content) {
    std::ofstream(folder / name, std::ios::binary) << content;
    return folder / name;
  }
  static std::string why_not(const fs::path& path) {
    const auto read = read_regular_file(path, 1_MiB);
    return read ? "" : read.error().message;
  }

  const fs::path folder = fs::path(testing::TempDir()) / ("sluice_file_test_" + std::to_string(getpid()));
};

TEST_F(RegularFile, is_read_whole) {
  for (const std::size_t size : {0UL, 1UL, 65535UL, 65536UL, 65537UL, 1UL << 20}) {
    const std::string content(size, 'x');
    const auto read = read_regular_file(write("a", content), 1_MiB);
    ASSERT_TRUE(read) << size;
    EXPECT_EQ(*read, content);
  }
}

TEST_F(RegularFile, is_found_behind_a_link) {
  write("a", "content");
  fs::create_symlink("a", folder / "link");
  EXPECT_EQ(*read_regular_file(folder / "link", 1_MiB), "content");
}

TEST_F(RegularFile, without_a_size_is_read_too) {
  const auto read = read_regular_file("/proc/self/status", 1_MiB);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->starts_with("Name:"));
}

TEST_F(RegularFile, is_no_larger_than_allowed) {
  EXPECT_EQ(why_not(write("a", std::string((1 << 20) + 1, 'x'))), "the file is larger than 1MiB");
}

TEST_F(RegularFile, is_nothing_else) {
  EXPECT_EQ(why_not(folder / "none"), "there is no such file");
  EXPECT_EQ(why_not(write("a", "") / "below"), "there is no such file");
  EXPECT_EQ(why_not(folder), "this is a folder, not a file");
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  for (const fs::path& path :
       {fs::path("/dev/zero"), fs::path("/dev/urandom"), fs::path("/dev/null"), folder / "fifo"}) {
    EXPECT_EQ(why_not(path), "this is not a regular file") << path;
  }
}

TEST_F(RegularFile, is_no_socket) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const auto path = folder / "socket";
  ASSERT_LT(path.native().size(), sizeof address.sun_path);
  path.native().copy(address.sun_path, path.native().size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(why_not(path), "this is not a regular file");
  close(socket);
}

TEST_F(RegularFile, that_cannot_be_read_says_why) {
  fs::create_symlink("b", folder / "c");
  fs::create_symlink("c", folder / "b");
  EXPECT_EQ(why_not(folder / "b"), "the file cannot be read: Too many levels of symbolic links");
  EXPECT_EQ(why_not(folder / std::string(5000, 'a')), "the file cannot be read: File name too long");
  if (geteuid() == 0) return;  // who may read everything
  const auto path = write("secret", "");
  fs::permissions(path, fs::perms::none);
  EXPECT_EQ(why_not(path), "the file cannot be read: Permission denied");
}

}  // namespace
}  // namespace sluice
