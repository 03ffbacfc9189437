#include "net/listen.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "net/socket.h"

namespace sluice::net {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const noexcept { return descriptor_; }
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

// Bytes that the kernel keeps for a peer beyond what is on its way to it. Without it a slow reader has
// megabytes of the kernel's memory, and the gateway cannot tell that it is slow before they are full.
constexpr int kMostUnsent = 128 * 1024;

Error last_error() noexcept { return from_errno(errno); }

Descriptor open_listener(int family) noexcept {
  return Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

Result<int> bind_tcp(const Address& address, const ListenOptions& options, bool shared) {
  auto socket = open_listener(address.family());
  if (socket.get() < 0) return last_error();
  int on = 1, only = options.ipv6_only ? 1 : 0;
  // Connections in TIME_WAIT of an earlier run must not stand in the way.
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (shared) setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  if (address.family() == AF_INET6) setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
  // Accepted connections inherit all three.
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMostUnsent, sizeof(kMostUnsent));
  if (::bind(socket.get(), address.raw(), address.length()) != 0) return last_error();
  return socket.release();
}

Result<Address> free_address(const Address& address, const ListenOptions& options) {
  auto bound = bind_tcp(address, options, false);
  if (!bound) return bound.error();
  Descriptor socket(*bound);
  // With SO_REUSEADDR two may bind, but only one may listen.
  if (::listen(socket.get(), 1) != 0) return last_error();
  return local_address(socket.get());
}

Result<std::vector<ListenSocket>> listen_tcp(const Address& wanted, const ListenOptions& options) {
  auto address = free_address(wanted, options);
  if (!address) return address.error();
  std::vector<Descriptor> open;
  for (unsigned i = 0; i < options.copies; ++i) {
    auto bound = bind_tcp(*address, options, true);
    if (!bound) return bound.error();
    open.emplace_back(*bound);
    if (::listen(*bound, options.backlog) != 0) return last_error();
  }
  std::vector<ListenSocket> sockets;
  for (auto& socket : open) sockets.push_back({socket.release(), *address});
  return sockets;
}

// A file whose listener is gone refuses; a live one is left alone.
void remove_if_stale(const Address& address) {
  auto* raw = reinterpret_cast<const sockaddr_un*>(address.raw());
  struct stat file;
  if (raw->sun_path[0] == '\0' || lstat(raw->sun_path, &file) != 0 || !S_ISSOCK(file.st_mode)) return;
  auto probe = open_listener(AF_UNIX);
  if (probe.get() < 0) return;
  if (::connect(probe.get(), address.raw(), address.length()) != 0 && errno == ECONNREFUSED)
    unlink(raw->sun_path);
}

Result<std::vector<ListenSocket>> listen_unix(const Address& address, const ListenOptions& options) {
  remove_if_stale(address);
  auto socket = open_listener(AF_UNIX);
  if (socket.get() < 0) return last_error();
  if (::bind(socket.get(), address.raw(), address.length()) != 0) return last_error();
  auto* path = reinterpret_cast<const sockaddr_un*>(address.raw())->sun_path;
  if (path[0] != '\0' && chmod(path, options.unix_mode) != 0) return last_error();
  if (::listen(socket.get(), options.backlog) != 0) return last_error();
  std::vector<Descriptor> open;
  open.push_back(std::move(socket));
  while (open.size() < options.copies) {
    open.emplace_back(fcntl(open[0].get(), F_DUPFD_CLOEXEC, 0));
    if (open.back().get() < 0) return last_error();
  }
  std::vector<ListenSocket> sockets;
  for (auto& one : open) sockets.push_back({one.release(), address});
  return sockets;
}

}  // namespace

Result<std::vector<ListenSocket>> listen_on(const Address& address, const ListenOptions& options) {
  return address.is_unix() ? listen_unix(address, options) : listen_tcp(address, options);
}

void close_all(const std::vector<ListenSocket>& sockets) noexcept {
  for (const auto& socket : sockets) ::close(socket.descriptor);
}

}  // namespace sluice::net
