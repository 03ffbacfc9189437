// Listening sockets, made before any worker starts so that every error shows early.
#pragma once

#include <vector>

#include "base/error.h"
#include "net/loop.h"

namespace sluice::net {

struct ListenOptions {
  int backlog = 4096;
  unsigned copies = 1;      ///< Sockets wanted, one a worker.
  bool ipv6_only = true;    ///< [::] does not take IPv4 connections too.
  mode_t unix_mode = 0666;  ///< Of the socket's file.
};

/// Binds and listens. TCP: SO_REUSEPORT copies, after a first bind without it has shown that
/// nobody else has the port, not even another process of the same user; port 0 picks one, the same
/// for all copies. Unix: one socket, duplicated; a file that nobody listens on any more is removed
/// first. The error's os_error says why (EADDRINUSE, EACCES, ...).
Result<std::vector<ListenSocket>> listen_on(const Address& address, const ListenOptions& options);

/// Of sockets that no loop has taken over.
void close_all(const std::vector<ListenSocket>& sockets) noexcept;

}  // namespace sluice::net
