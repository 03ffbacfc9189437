#include "net/listen.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "net/socket.h"

namespace sluice::net {
namespace {

std::string temporary_path() {
  return testing::TempDir() + "sluice-listen-" + std::to_string(getpid()) + ".sock";
}

TEST(Listen, gives_every_worker_a_socket_of_the_same_port) {
  auto sockets = listen_on(Address::ipv4_loopback(0), {.copies = 4});
  ASSERT_TRUE(sockets);
  ASSERT_EQ(sockets->size(), 4u);
  for (auto& socket : *sockets) {
    EXPECT_NE(socket.address.port(), 0);
    EXPECT_EQ(socket.address, sockets->front().address);
    EXPECT_EQ(local_address(socket.descriptor), socket.address);
  }
  close_all(*sockets);
}

TEST(Listen, fails_where_the_port_is_taken_even_by_the_same_user) {
  auto first = listen_on(Address::ipv4_loopback(0), {.copies = 2});
  ASSERT_TRUE(first);
  auto second = listen_on(first->front().address, {.copies = 2});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().os_error, EADDRINUSE);
  close_all(*first);
  second = listen_on(first->front().address, {.copies = 2});
  EXPECT_TRUE(second) << "free again";
  if (second) close_all(*second);
}

TEST(Listen, says_why_an_address_cannot_be_had) {
  auto sockets = listen_on(*Address::parse("192.0.2.1:0"), {});
  ASSERT_FALSE(sockets);
  EXPECT_EQ(sockets.error().os_error, EADDRNOTAVAIL);
}

TEST(Listen, shares_one_unix_socket_and_sets_its_mode) {
  auto path = temporary_path();
  unlink(path.c_str());
  auto sockets = listen_on(*Address::parse("unix:" + path), {.copies = 3, .unix_mode = 0600});
  ASSERT_TRUE(sockets);
  EXPECT_EQ(sockets->size(), 3u);
  struct stat file {};
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  close_all(*sockets);
  unlink(path.c_str());
}

TEST(Listen, removes_a_stale_unix_socket_but_not_a_live_one) {
  auto path = temporary_path();
  unlink(path.c_str());
  auto address = *Address::parse("unix:" + path);
  auto first = listen_on(address, {});
  ASSERT_TRUE(first);
  auto second = listen_on(address, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().os_error, EADDRINUSE);
  close_all(*first);  // leaves the file behind
  second = listen_on(address, {});
  ASSERT_TRUE(second);
  close_all(*second);
  unlink(path.c_str());
}

TEST(Listen, leaves_a_file_alone_that_is_no_socket) {
  auto path = temporary_path();
  FILE* file = fopen(path.c_str(), "w");
  ASSERT_TRUE(file);
  fclose(file);
  auto sockets = listen_on(*Address::parse("unix:" + path), {});
  ASSERT_FALSE(sockets);
  EXPECT_EQ(sockets.error().os_error, EADDRINUSE);
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
  unlink(path.c_str());
}

}  // namespace
}  // namespace sluice::net
