#include "runtime/healthcheck.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include "net/address.h"
#include "runtime/config.h"
#include "runtime/standard_streams.h"

namespace sluice::runtime {
namespace {

using Clock = std::chrono::steady_clock;

// What went wrong, in words.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Socket {
 public:
  explicit Socket(int family) : descriptor_(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    if (descriptor_ < 0) throw Fault(std::strerror(errno));
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { ::close(descriptor_); }
  int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

// Where the admin listener can be reached from here: what listens everywhere listens on loopback too.
net::Address reachable(const net::Address& address) {
  const auto on = [&](const char* loopback) {
    return net::Address::parse(loopback)->with_port(address.port());
  };
  if (address.with_port(0) == net::Address::parse("0.0.0.0:0")) return on("127.0.0.1:0");
  if (address.with_port(0) == net::Address::parse("[::]:0")) return on("[::1]:0");
  return address;
}

net::Address admin_address(const std::string& file) {
  conf::Problems problems;
  const auto config = load_config(file, problems);
  if (!config) throw Fault(fmt::format("it has problems; see `sluice check -c {}`", file));
  if (!config->admin) throw Fault("it has no admin listener to ask");
  return reachable(*net::Address::parse(*config->admin->address));
}

void await(const Socket& socket, short events, Clock::time_point deadline) {
  pollfd wait{socket.get(), events, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  if (::poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) <= 0)
    throw Fault("no answer in time");
}

void connect(const Socket& socket, const net::Address& to, Clock::time_point deadline) {
  if (::connect(socket.get(), to.raw(), to.length()) == 0) return;
  if (errno != EINPROGRESS) throw Fault(std::strerror(errno));
  await(socket, POLLOUT, deadline);
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) throw Fault(std::strerror(error));
}

// "HTTP/1.1 200 OK": a short request goes out at once, and the status line comes in one piece or a few.
std::string status_line(const Socket& socket, const std::string& request, Clock::time_point deadline) {
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    throw Fault(std::strerror(errno));
  }
  std::string answer;
  while (answer.find("\r\n") == std::string::npos) {
    await(socket, POLLIN, deadline);
    char bytes[256];
    const auto got = ::recv(socket.get(), bytes, sizeof bytes, 0);
    if (got <= 0) throw Fault(got == 0 ? "closed without an answer" : std::strerror(errno));
    answer.append(bytes, static_cast<std::size_t>(got));
  }
  return answer.substr(0, answer.find("\r\n"));
}

}  // namespace

int healthcheck(const HealthcheckOptions& options) {
  auto where = options.file;
  try {
    const auto deadline = Clock::now() + options.timeout;
    const auto address = admin_address(options.file);
    where = address.to_string() + options.page;
    const Socket socket(address.family());
    connect(socket, address, deadline);
    const auto request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", options.page,
                                     address.is_unix() ? "localhost" : address.to_string());
    const auto status = status_line(socket, request, deadline);
    if (status.substr(0, 12) == "HTTP/1.1 200") return 0;
    throw Fault(status);
  } catch (const Fault& fault) {
    print_error(fmt::format("sluice: {}: {}\n", where, fault.what()));
    return 1;
  }
}

}  // namespace sluice::runtime
