#include "socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sluice::bench {
namespace {

constexpr int kBacklog = 4096;

sockaddr_in loopback(unsigned last_byte, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(0x7f000000U + last_byte);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

void enable(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof on);
}

}  // namespace

int listen_on_loopback(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  enable(fd, SOL_SOCKET, SO_REUSEADDR);
  const sockaddr_in address = loopback(1, port);
  if (fd < 0 || bind(fd, generic(address), sizeof address) < 0 || listen(fd, kBacklog) < 0) {
    throw std::system_error(errno, std::generic_category(), "origin port " + std::to_string(port));
  }
  return fd;
}

int connect_from(unsigned source, const std::string& host, std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  set_no_delay(fd);
  bool reachable = true;
  if (source != 0) {
    // The port is chosen at connect, so that it need only be free for this pair of addresses.
    enable(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    const sockaddr_in from = loopback(source, 0);
    reachable = bind(fd, generic(from), sizeof from) == 0;
  }
  sockaddr_in to = loopback(1, port);
  reachable = reachable && inet_pton(AF_INET, host.c_str(), &to.sin_addr) == 1;
  if (reachable && (connect(fd, generic(to), sizeof to) == 0 || errno == EINPROGRESS)) return fd;
  close(fd);
  return -1;
}

void set_no_delay(int fd) { enable(fd, IPPROTO_TCP, TCP_NODELAY); }

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace sluice::bench
