#include "net/socket.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::net {
namespace {

// What getsockname() or getpeername() tells.
Address address_by(int (*get)(int, sockaddr*, socklen_t*), int descriptor) noexcept {
  sockaddr_storage raw;
  socklen_t length = sizeof(raw);
  if (get(descriptor, reinterpret_cast<sockaddr*>(&raw), &length) != 0) return {};
  return Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), length);
}

}  // namespace

Result<int> open_socket(const Address& to, const ConnectOptions& options, int mode) noexcept {
  int descriptor = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | mode, 0);
  if (descriptor < 0) return connect_error(errno);
  int on = 1;
  if (!to.is_unix() && options.tcp_nodelay) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (!to.is_unix() && options.keepalive) setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  return descriptor;
}

Result<StartedConnect> start_connecting(const Address& to, const ConnectOptions& options) noexcept {
  auto descriptor = open_socket(to, options);
  if (!descriptor) return descriptor.error();
  if (::connect(*descriptor, to.raw(), to.length()) == 0) return StartedConnect{*descriptor, true};
  int error = errno;
  if (error == EINPROGRESS || error == EINTR) return StartedConnect{*descriptor, false};
  close(*descriptor);
  return connect_error(error);
}

Error connect_error(int os_error) noexcept {
  Error error = from_errno(os_error);
  if (os_error == EAGAIN) error.fault = Fault::refused;
  error.retry_safe = true;
  return error;
}

int socket_error(int descriptor) noexcept {
  int error = 0;
  socklen_t length = sizeof(error);
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

Address local_address(int descriptor) noexcept { return address_by(getsockname, descriptor); }

Address peer_address(int descriptor) noexcept { return address_by(getpeername, descriptor); }

void reset_on_close(int descriptor) noexcept {
  linger none{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

bool out_of_descriptors(int os_error) noexcept {
  return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS || os_error == ENOMEM;
}

std::size_t gather(std::span<const Slice> slices, std::size_t skip, std::span<iovec> parts) noexcept {
  std::size_t count = 0;
  for (auto slice : slices) {
    if (count == parts.size()) break;
    slice.remove_prefix(skip);
    skip = 0;
    if (!slice.empty()) parts[count++] = {const_cast<char*>(slice.data()), slice.size()};
  }
  return count;
}

}  // namespace sluice::net
