#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/container/static_vector.hpp>

#include "net/asio/asio_stream.h"
#include "net/socket.h"

namespace sluice::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kSlicesAtOnce = 64;

// The part that lives until Asio's last completion has come back.
struct AsioStream final : AsioActor, std::enable_shared_from_this<AsioStream> {
  AsioStream(AsioContext& c, AsioSocket s) : context(c), socket(std::move(s)) {
    error_code ignored;
    socket.non_blocking(true, ignored);
  }

  void progress() override;
  void unpark() override {
    parked = false;
    first_in_line = true;
    progress();
    first_in_line = false;
  }
  void await(AsioSocket::wait_type direction);
  bool try_read(ReadOp& op);
  bool try_write(WriteOp& op);
  bool something_to_tell();

  AsioContext& context;
  AsioSocket socket;
  Fault aborted = Fault::none;
  bool connecting = false, at_end = false, failed = false, parked = false, first_in_line = false;
  bool readable = false, writable = false;                  // Asio has said so
  bool readable_awaited = false, writable_awaited = false;  // it was asked to
  bool bulk = false;
  error_code connect_result;
  ReadOp* reading = nullptr;
  WriteOp* writing = nullptr;
  Watcher* watcher = nullptr;
  std::span<const Slice> slices;
  std::size_t written = 0;
};

void AsioStream::await(AsioSocket::wait_type direction) {
  bool read = direction == AsioSocket::wait_read;
  bool& awaited = read ? readable_awaited : writable_awaited;
  if (std::exchange(awaited, true)) return;
  socket.async_wait(direction, [self = shared_from_this(), read](error_code) {
    (read ? self->readable_awaited : self->writable_awaited) = false;
    (read ? self->readable : self->writable) = true;
    self->context.active.push_back(self);
  });
}

// Both directions first, then whoever waited: they may destroy the transport.
void AsioStream::progress() {
  if (aborted != Fault::none || connecting) return;
  std::coroutine_handle<> reader, writer;
  if (reading && readable && try_read(*reading)) reader = std::exchange(reading, nullptr)->waiter;
  if (writing && (writable || slices.empty()) && try_write(*writing)) {
    writer = std::exchange(writing, nullptr)->waiter;
  }
  Watcher* told = nullptr;
  if (watcher && readable && something_to_tell()) told = std::exchange(watcher, nullptr);
  auto keep = shared_from_this();
  if (reader) reader.resume();
  if (writer) writer.resume();
  if (told && aborted == Fault::none) told->on_activity();
}

bool AsioStream::try_read(ReadOp& op) {
  if (connect_result) {
    op.result = from_errno(connect_result.value());
    return true;
  }
  BufferLease lease;
  if (first_in_line || context.parked.empty())
    lease = context.buffers.lease(bulk ? BufferPool::kBulkFrom : 0);
  if (!lease) {
    if (!std::exchange(parked, true)) context.parked.push_back(shared_from_this());
    return false;
  }
  error_code error;
  std::size_t got = socket.read_some(asio::buffer(lease.data, lease.size), error);
  readable = false;
  if (!error) {
    op.result = context.buffers.chunk(lease, got);
    return true;
  }
  context.buffers.give_back(lease);
  if (error == asio::error::would_block) {
    await(AsioSocket::wait_read);
    return false;
  }
  at_end = error == asio::error::eof;
  failed = !at_end;
  if (at_end) {
    op.result = Chunk{};
  } else {
    op.result = from_errno(error.value());
  }
  return true;
}

bool AsioStream::try_write(WriteOp& op) {
  while (true) {
    while (!slices.empty() && written >= slices[0].size()) {
      written -= slices[0].size();
      slices = slices.subspan(1);
    }
    if (slices.empty()) {
      op.result = Result<void>();
      return true;
    }
    iovec parts[kSlicesAtOnce];
    std::size_t count = gather(slices, written, parts);
    boost::container::static_vector<asio::const_buffer, kSlicesAtOnce> buffers;
    for (std::size_t i = 0; i < count; ++i) buffers.emplace_back(parts[i].iov_base, parts[i].iov_len);
    error_code error;
    std::size_t sent = socket.write_some(buffers, error);
    if (error == asio::error::would_block) {
      writable = false;
      await(AsioSocket::wait_write);
      return false;
    }
    if (error) {
      op.result = from_errno(error.value());
      return true;
    }
    written += sent;
  }
}

bool AsioStream::something_to_tell() {
  char byte;
  error_code error;
  socket.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, error);
  if (error != asio::error::would_block) {
    failed = failed || static_cast<bool>(error);
    return true;
  }
  readable = false;
  await(AsioSocket::wait_read);
  return false;
}

class AsioTransport final : public Transport {
 public:
  AsioTransport(AsioContext& context, AsioSocket socket, Address peer)
      : stream_(std::make_shared<AsioStream>(context, std::move(socket))), peer_(std::move(peer)) {}
  ~AsioTransport() override { abort(Fault::cancelled, false); }

  void begin_connect(const Address& to) {
    stream_->connecting = true;
    AsioSocket::endpoint_type endpoint(to.raw(), to.length());
    stream_->socket.async_connect(endpoint, [stream = stream_](error_code error) {
      stream->connecting = false;
      stream->connect_result = error;
      if (stream->aborted != Fault::none) return;
      if (error && stream->writing) {
        auto* op = std::exchange(stream->writing, nullptr);
        op->result = connect_error(error.value());
        stream->context.loop.defer(op->waiter);
      }
      // A waiting connect() that succeeds ends as a write of nothing does.
      stream->writable = true;
      stream->context.active.push_back(stream);
      if (stream->reading) stream->await(AsioSocket::wait_read);
    });
  }

  void watch(Watcher* watcher) noexcept override {
    if (stream_->aborted != Fault::none) return;
    stream_->watcher = watcher;
    if (!watcher || stream_->at_end) return;
    stream_->readable = false;
    stream_->await(AsioSocket::wait_read);
  }

  bool peer_gone() const noexcept override {
    return stream_->at_end || stream_->failed || stream_->connect_result || stream_->aborted != Fault::none;
  }

  void shutdown_write() noexcept override {
    error_code ignored;
    stream_->socket.shutdown(AsioSocket::shutdown_send, ignored);
  }

  void cancel_read() noexcept override {
    auto* op = std::exchange(stream_->reading, nullptr);
    if (!op) return;
    op->result = Error{.fault = Fault::cancelled};
    stream_->context.loop.defer(op->waiter);
  }

  void abort(Fault why, bool reset) noexcept override {
    auto& stream = *stream_;
    if (stream.aborted != Fault::none) return;
    stream.aborted = why;
    stream.watcher = nullptr;
    if (reset) reset_on_close(stream.socket.native_handle());
    error_code ignored;
    stream.socket.close(ignored);
    auto& loop = stream.context.loop;
    if (auto* op = std::exchange(stream.reading, nullptr)) {
      op->result = Error{.fault = why};
      loop.defer(op->waiter);
    }
    if (auto* op = std::exchange(stream.writing, nullptr)) {
      op->result = Error{.fault = why};
      loop.defer(op->waiter);
    }
  }

  std::optional<std::uint64_t> delivered() const noexcept override {
    return delivered_bytes(stream_->socket.native_handle());
  }
  const Address& peer() const noexcept override { return peer_; }
  const Address& local() const noexcept override {
    if (local_.family() == AF_UNSPEC && stream_->aborted == Fault::none) {
      local_ = local_address(stream_->socket.native_handle());
    }
    return local_;
  }

 private:
  bool start_read(ReadOp& op, std::size_t expected) noexcept override {
    auto& stream = *stream_;
    stream.watcher = nullptr;
    if (stream.aborted != Fault::none) {
      op.result = Error{.fault = stream.aborted};
      return true;
    }
    if (stream.at_end) {
      op.result = Chunk{};
      return true;
    }
    stream.bulk = expected >= BufferPool::kBulkFrom;
    stream.reading = &op;
    if (!stream.connecting) stream.await(AsioSocket::wait_read);
    return false;
  }

  bool start_write(WriteOp& op, std::span<const Slice> slices) noexcept override {
    auto& stream = *stream_;
    if (stream.aborted != Fault::none) {
      op.result = Error{.fault = stream.aborted};
      return true;
    }
    stream.slices = slices;
    stream.written = 0;
    if (!stream.connecting && stream.try_write(op)) return true;
    stream.writing = &op;
    return false;
  }

  bool start_connect(WriteOp& op) noexcept override {
    auto& stream = *stream_;
    if (stream.aborted != Fault::none) {
      op.result = Error{.fault = stream.aborted};
    } else if (stream.connecting) {
      stream.slices = {};
      stream.writing = &op;
      return false;
    } else if (stream.connect_result) {
      op.result = connect_error(stream.connect_result.value());
    }
    return true;
  }

  std::shared_ptr<AsioStream> stream_;  // shared with Asio's pending completions
  Address peer_;
  mutable Address local_;
};

}  // namespace

asio::generic::stream_protocol protocol_of(const Address& address) { return {address.family(), 0}; }

std::unique_ptr<Transport> make_asio_transport(AsioContext& context, AsioSocket socket, Address peer) {
  return std::make_unique<AsioTransport>(context, std::move(socket), std::move(peer));
}

std::unique_ptr<Transport> connect_asio_transport(AsioContext& context, AsioSocket socket,
                                                  const Address& to) {
  auto transport = std::make_unique<AsioTransport>(context, std::move(socket), to);
  transport->begin_connect(to);
  return transport;
}

}  // namespace sluice::net
