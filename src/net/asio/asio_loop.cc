#include "net/asio/asio_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "net/asio/asio_stream.h"
#include "net/socket.h"

namespace sluice::net {
namespace {

class AsioLoop final : public Loop, private Network {
 public:
  AsioLoop(Clock& clock, const LoopOptions& options)
      : Loop(clock), context_(*this, options), work_(context_.io.get_executor()) {
    // Asio opens its descriptors with the first socket: where there are none, that shall show here.
    AsioSocket{context_.io};
  }

  Network& network() noexcept override { return *this; }

 private:
  Result<std::unique_ptr<Transport>> connect(const Address& to, const ConnectOptions& options) override {
    auto descriptor = open_socket(to, options);
    if (!descriptor) return descriptor.error();
    return connect_asio_transport(context_, AsioSocket(context_.io, protocol_of(to), *descriptor), to);
  }

  Result<std::unique_ptr<Acceptor>> listen(ListenSocket socket) override {
    return make_asio_acceptor(context_, std::move(socket));
  }

  void wait(TimePoint until) override {
    auto& io = context_.io;
    bool serve_parked = !context_.parked.empty() && context_.buffers.available();
    if (!context_.active.empty() || serve_parked || until <= wait_began()) {
      io.poll();
    } else if (until == TimePoint::max()) {
      io.run_one();
      io.poll();
    } else {
      io.run_one_until(until);
      io.poll();
    }
    refresh_time();
    if (serve_parked) serve_one_parked();
    auto active = std::exchange(context_.active, {});
    for (auto& actor : active) actor->progress();
  }

  // One a turn keeps the order of those that wait.
  void serve_one_parked() {
    auto first = std::move(context_.parked.front());
    context_.parked.pop_front();
    first->unpark();
  }

  void wake() noexcept override {
    boost::asio::post(context_.io, [] {});
  }

  AsioContext context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
};

}  // namespace

std::unique_ptr<Loop> make_asio_loop(Clock& clock, const LoopOptions& options) {
  return std::make_unique<AsioLoop>(clock, options);
}

}  // namespace sluice::net
