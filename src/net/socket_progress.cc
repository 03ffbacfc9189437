// linux/tcp.h knows tcpi_bytes_acked, where netinet/tcp.h does not, and the two exclude each other.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

#include "net/socket.h"

namespace sluice::net {

std::optional<std::uint64_t> delivered_bytes(int descriptor) noexcept {
  tcp_info info{};
  socklen_t length = sizeof(info);
  if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return {};
  if (length < offsetof(tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked)) return {};
  return info.tcpi_bytes_acked;
}

}  // namespace sluice::net
