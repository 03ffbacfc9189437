#include "codec/linger.h"

namespace sluice::codec {
namespace {

constexpr auto kLinger = std::chrono::seconds(2);
constexpr std::size_t kLingerBytes = 1024 * 1024;

}  // namespace

Task<void> linger(net::Loop& loop, net::Transport& transport) {
  transport.shutdown_write();
  net::Deadline deadline(loop);
  deadline.set(transport, loop.now() + kLinger);
  std::size_t dropped = 0;
  while (dropped < kLingerBytes) {
    auto chunk = co_await transport.read();
    if (!chunk || chunk->empty()) break;
    dropped += chunk->size();
  }
}

}  // namespace sluice::codec
