// HTTP/1.1 towards an upstream.
#pragma once

#include <memory>

#include "codec/client_connection.h"
#include "net/loop.h"

namespace sluice::codec::h1 {

/// Takes the connected transport over.
std::unique_ptr<ClientConnection> make_client(net::Loop& loop, std::unique_ptr<net::Transport> transport);

}  // namespace sluice::codec::h1
