#include "net/socket_file.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "net/listen.h"

namespace sluice::net {
namespace {

class SocketFileTest : public ::testing::Test {
 protected:
  SocketFileTest() {
    char name[] = "/tmp/sluice-socket-file-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/a.sock";
    auto sockets = listen_on(*Address::parse("unix:" + path_), {.unix_mode = 0660});
    descriptor_ = sockets.value().front().descriptor;
  }
  ~SocketFileTest() override {
    ::close(descriptor_);
    std::filesystem::remove_all(folder_);
  }

  std::string folder_, path_;
  int descriptor_ = -1;
};

TEST_F(SocketFileTest, goes_with_its_owner) {
  {
    SocketFile file(*Address::parse("unix:" + path_));
    const SocketFile moved(std::move(file));
    EXPECT_TRUE(std::filesystem::exists(path_));
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, is_left_where_it_is_another_by_then) {
  {
    const SocketFile file(*Address::parse("unix:" + path_));
    std::filesystem::remove(path_);
    std::ofstream(path_) << "another's";
  }
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, has_the_mode_that_was_asked_for) {
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0660));
}

}  // namespace
}  // namespace sluice::net
