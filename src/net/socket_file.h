// The file of a unix socket that listens.
#pragma once

#include <string>

#include <sys/types.h>

#include "net/address.h"

namespace sluice::net {

/// Removes the file when it goes, unless another has taken its place by then. It goes before the socket is
/// closed: until then the kernel gives the file's number to no other.
class SocketFile {
 public:
  /// An address that somebody listens on now; nothing happens for TCP and abstract names.
  explicit SocketFile(const Address& address);
  ~SocketFile();
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&&) = delete;

 private:
  std::string path_;  // Empty: there is none.
  dev_t device_ = 0;
  ino_t number_ = 0;
};

}  // namespace sluice::net
