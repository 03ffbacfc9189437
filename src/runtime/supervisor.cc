#include "runtime/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "telemetry/log.h"

namespace sluice::runtime {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : std::string_view();
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A path, or behind @ a name of the abstract namespace. Less than 0: errno says why.
int connect_to(std::string_view name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof(address.sun_path)) return errno = ENAMETOOLONG, -1;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name.front() == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const int made = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0 || ::connect(made, reinterpret_cast<const sockaddr*>(&address), length) == 0) return made;
  const int why = errno;
  ::close(made);
  return errno = why, -1;
}

// Of this process, as WATCHDOG_PID says.
std::optional<Duration> watchdog_of_environment() {
  const auto whose = number(environment("WATCHDOG_PID"));
  const auto time = number(environment("WATCHDOG_USEC"));
  if (!time || *time == 0 || (whose && *whose != static_cast<std::uint64_t>(::getpid()))) return std::nullopt;
  return std::chrono::microseconds(*time);
}

}  // namespace

Supervisor::Supervisor() {
  const auto name = environment("NOTIFY_SOCKET");
  if (name.empty()) return;
  socket_ = connect_to(name);
  if (socket_ < 0) {
    log::warn("the supervisor at {} cannot be told: {}", name, std::strerror(errno));
  } else {
    watchdog_ = watchdog_of_environment();
  }
}

Supervisor::~Supervisor() {
  if (socket_ >= 0) ::close(socket_);
}

void Supervisor::ready() noexcept { say("READY=1\nSTATUS=serving"); }

// With the time of it, so that an earlier READY=1 is not taken for the end of this.
void Supervisor::reloading() noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  say(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                  std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
}

void Supervisor::stopping() noexcept { say("STOPPING=1\nSTATUS=draining"); }

void Supervisor::alive() noexcept { say("WATCHDOG=1"); }

void Supervisor::say(std::string_view words) noexcept {
  if (socket_ >= 0) static_cast<void>(::send(socket_, words.data(), words.size(), MSG_NOSIGNAL));
}

}  // namespace sluice::runtime
