// A server that sends back what comes.
#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "base/task.h"
#include "net/loop.h"
#include "net/transport.h"

namespace sluice::test {

/// Until the peer ends, or a minute has passed.
inline Task<void> echo_one(net::Loop& loop, std::unique_ptr<net::Transport> transport) {
  net::Deadline deadline(loop);
  deadline.set(*transport, loop.now() + std::chrono::seconds(60));
  while (true) {
    auto chunk = co_await transport->read();
    if (!chunk || chunk->empty()) co_return;
    Slice slices[1] = {chunk->view()};
    auto sent = co_await transport->write(slices);
    if (!sent) co_return;
  }
}

/// Until the acceptor is stopped and every connection has ended.
inline Task<void> echo(net::Loop& loop, net::Acceptor& acceptor) {
  TaskGroup connections;
  while (true) {
    auto accepted = co_await acceptor.accept();
    if (accepted) {
      connections.spawn(echo_one(loop, std::move(*accepted)));
    } else if (accepted.error().fault == Fault::cancelled) {
      break;
    }
  }
  co_await connections.join();
}

}  // namespace sluice::test
