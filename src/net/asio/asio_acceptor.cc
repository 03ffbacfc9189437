#include <boost/asio/basic_socket_acceptor.hpp>

#include "net/asio/asio_stream.h"
#include "net/socket.h"

namespace sluice::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using AsioListener = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

// The part that lives until Asio's last completion has come back.
struct AsioQueue final : AsioActor, std::enable_shared_from_this<AsioQueue>, Timer {
  AsioQueue(AsioContext& c, const ListenSocket& s)
      : context(c), listener(c.io, protocol_of(s.address), s.descriptor) {}

  void await() {
    if (awaited || armed() || !waiting) return;
    awaited = true;
    listener.async_accept(peer, [self = shared_from_this()](error_code e, AsioSocket socket) {
      self->awaited = false;
      self->accepted.emplace_back(e, std::move(socket));
      self->context.active.push_back(self);
    });
  }

  void progress() override {
    if (!waiting || accepted.empty()) return;
    auto [error, socket] = std::move(accepted.front());
    accepted.pop_front();
    auto* op = std::exchange(waiting, nullptr);
    if (error) {
      op->result = from_errno(error.value());
      if (out_of_descriptors(error.value())) {
        context.loop.timers().arm(*this, context.loop.now() + std::chrono::milliseconds(100));
      }
    } else {
      auto from = Address::from_sockaddr(peer.data(), static_cast<socklen_t>(peer.size()));
      op->result = make_asio_transport(context, std::move(socket), std::move(from));
    }
    op->waiter.resume();
  }

  void on_timer() noexcept override { await(); }

  AsioContext& context;
  AsioListener listener;
  AsioListener::endpoint_type peer;
  std::deque<std::pair<error_code, AsioSocket>> accepted;  // not yet asked for
  AcceptOp* waiting = nullptr;
  bool awaited = false;
};

class AsioAcceptor final : public Acceptor {
 public:
  AsioAcceptor(AsioContext& context, ListenSocket socket)
      : queue_(std::make_shared<AsioQueue>(context, socket)), local_(std::move(socket.address)) {}
  ~AsioAcceptor() override {
    stop();
    error_code ignored;
    queue_->listener.close(ignored);
  }

  void stop() noexcept override {
    stopped_ = true;
    queue_->disarm();
    error_code ignored;
    queue_->listener.cancel(ignored);
    auto* op = std::exchange(queue_->waiting, nullptr);
    if (!op) return;
    op->result = Error{.fault = Fault::cancelled};
    queue_->context.loop.defer(op->waiter);
  }

  const Address& local() const noexcept override { return local_; }

 private:
  bool start_accept(AcceptOp& op) noexcept override {
    if (stopped_) {
      op.result = Error{.fault = Fault::cancelled};
      return true;
    }
    queue_->waiting = &op;
    if (!queue_->accepted.empty()) {
      queue_->context.active.push_back(queue_);
    } else {
      queue_->await();
    }
    return false;
  }

  std::shared_ptr<AsioQueue> queue_;  // shared with Asio's pending completions
  Address local_;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Acceptor> make_asio_acceptor(AsioContext& context, ListenSocket socket) {
  return std::make_unique<AsioAcceptor>(context, std::move(socket));
}

}  // namespace sluice::net
