// Private to src/net/asio: it brings Asio in.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>
#include <vector>

#include "net/buffer_pool.h"
#include "net/loop.h"

namespace sluice::net {

using AsioSocket = boost::asio::generic::stream_protocol::socket;

/// What Asio's completions bring forward: they only note what happened, and it is handed out when
/// the loop has read the time.
class AsioActor {
 public:
  virtual ~AsioActor() = default;
  virtual void progress() = 0;
  virtual void unpark() {}  ///< A buffer has come back.
};

struct AsioContext {
  explicit AsioContext(Loop& owner, const LoopOptions& options) : loop(owner), buffers(options) {}
  Loop& loop;
  BufferPool buffers;
  boost::asio::io_context io{1};
  std::vector<std::shared_ptr<AsioActor>> active;  // go on in this turn
  std::deque<std::shared_ptr<AsioActor>> parked;   // wait for a buffer
};

/// A transport over a connected socket, or over one that is to be connected.
std::unique_ptr<Transport> make_asio_transport(AsioContext& context, AsioSocket socket, Address peer);
std::unique_ptr<Transport> connect_asio_transport(AsioContext& context, AsioSocket socket, const Address& to);

std::unique_ptr<Acceptor> make_asio_acceptor(AsioContext& context, ListenSocket socket);

/// The Asio protocol that fits an address.
boost::asio::generic::stream_protocol protocol_of(const Address& address);

}  // namespace sluice::net
