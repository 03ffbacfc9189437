// The end of a connection on which the client may still be sending.
#pragma once

#include "base/task.h"
#include "net/loop.h"
#include "net/transport.h"

namespace sluice::codec {

/// Sends FIN, then reads and drops what still comes, 1 MiB and 2 s at most: a kernel that has to throw bytes
/// away sends RST, and what was written last may be lost to it (RFC 9112 9.6). The transport outlives this.
Task<void> linger(net::Loop& loop, net::Transport& transport);

}  // namespace sluice::codec
