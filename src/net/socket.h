// Small wrappers of socket calls that the backends share.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/slice.h"
#include "net/address.h"
#include "net/loop.h"

namespace sluice::net {

struct StartedConnect {
  int descriptor;
  bool established;  ///< Else the socket becomes writable when the outcome is known.
};

/// A new stream socket for this address, its options set. `mode` is SOCK_NONBLOCK or 0.
Result<int> open_socket(const Address& to, const ConnectOptions& options, int mode = SOCK_NONBLOCK) noexcept;

/// Opens a socket and begins to connect it without blocking.
Result<StartedConnect> start_connecting(const Address& to, const ConnectOptions& options) noexcept;

/// The error of a connect: no byte was sent, so a retry is safe. A unix socket whose queue is full
/// (EAGAIN) counts as refused.
Error connect_error(int os_error) noexcept;

/// SO_ERROR, which reading clears.
int socket_error(int descriptor) noexcept;

/// Empty where the system does not tell.
Address local_address(int descriptor) noexcept;
Address peer_address(int descriptor) noexcept;

/// What the peer's kernel has acknowledged since the connection was made; none where that cannot be told.
std::optional<std::uint64_t> delivered_bytes(int descriptor) noexcept;

/// The peer sees RST when the descriptor is closed.
void reset_on_close(int descriptor) noexcept;

/// accept() fails for want of descriptors or memory: trying again at once is of no use.
bool out_of_descriptors(int os_error) noexcept;

/// Fills `parts` with the slices, without the first `skip` bytes of the first and without empty
/// ones. Returns how many were filled.
std::size_t gather(std::span<const Slice> slices, std::size_t skip, std::span<iovec> parts) noexcept;

}  // namespace sluice::net
