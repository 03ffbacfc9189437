#include "net/socket_file.h"

#include <utility>

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice::net {

SocketFile::SocketFile(const Address& address) {
  if (!address.is_unix()) return;
  const char* path = reinterpret_cast<const sockaddr_un*>(address.raw())->sun_path;
  struct stat file {};
  if (path[0] == '\0' || lstat(path, &file) != 0) return;
  path_ = path;
  device_ = file.st_dev;
  number_ = file.st_ino;
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), number_(other.number_) {}

SocketFile::~SocketFile() {
  struct stat file {};
  if (path_.empty() || lstat(path_.c_str(), &file) != 0) return;
  if (file.st_dev == device_ && file.st_ino == number_) unlink(path_.c_str());
}

}  // namespace sluice::net
