// The simulated world as the tests of src/upstream want it: servers that accept, connects under way,
// and a codec that says what the test wants.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "base/task.h"
#include "net/loop.h"
#include "support/sim_world.h"
#include "upstream/upstream.h"

namespace sluice::upstream::testing {

using namespace std::chrono_literals;

inline net::Address at(std::string_view text) { return *net::Address::parse(text); }

/// Speaks nothing; reusable until the test says otherwise.
class FakeClient final : public codec::ClientConnection {
 public:
  explicit FakeClient(std::unique_ptr<net::Transport> transport) : transport_(std::move(transport)) {}
  static std::unique_ptr<codec::ClientConnection> make(net::Loop&,
                                                       std::unique_ptr<net::Transport> transport) {
    return std::make_unique<FakeClient>(std::move(transport));
  }

  net::Transport& transport() noexcept override { return *transport_; }
  Task<Result<void>> send(const RequestHead&, const BodyPiece&, const http::HeaderBlock*, Arena&) override {
    co_return Error{};
  }
  Task<Result<void>> write(const BodyPiece&, const http::HeaderBlock*) override { co_return Error{}; }
  Task<Result<void>> read_head(ResponseHead&, Arena&) override { co_return Error{}; }
  http::Refusal refusal() const noexcept override { return {}; }
  BodySource& body() noexcept override { std::abort(); }
  void rest() noexcept override { ++rests; }
  bool reusable() const noexcept override { return reuse; }
  std::uint64_t bytes_sent() const noexcept override { return 0; }
  std::uint64_t bytes_received() const noexcept override { return 0; }
  std::uint64_t requests() const noexcept override { return 0; }

  bool reuse = true;
  int rests = 0;

 private:
  std::unique_ptr<net::Transport> transport_;
};

inline FakeClient& fake(Lease& lease) { return static_cast<FakeClient&>(lease.stream()); }

/// A client's connection, as far as a PROXY header and what it is for need one.
class FakeClientSide final : public net::Transport {
 public:
  explicit FakeClientSide(std::string_view peer) : peer_(at(peer)) {}
  void watch(net::Watcher*) noexcept override {}
  bool peer_gone() const noexcept override { return false; }
  void shutdown_write() noexcept override {}
  void cancel_read() noexcept override {}
  void abort(Fault, bool) noexcept override {}
  const net::Address& peer() const noexcept override { return peer_; }
  const net::Address& local() const noexcept override { return local_; }

 private:
  bool start_read(net::ReadOp&, std::size_t) noexcept override { std::abort(); }
  bool start_write(net::WriteOp&, std::span<const Slice>) noexcept override { std::abort(); }
  bool start_connect(net::WriteOp&) noexcept override { std::abort(); }

  const net::Address peer_;
  const net::Address local_ = at("198.51.100.1:443");
};

/// A client with what its requests open.
struct Visitor {
  explicit Visitor(std::string_view peer) : side(peer) {}
  FakeClientSide side;
  PrivateConnections connections{side};
};

/// Accepts whatever comes, and keeps it; or runs a handler on each connection.
class Server {
 public:
  using Handler = std::function<Task<void>(net::Transport&)>;

  Server(net::Loop& loop, const net::Address& address, Handler handler = nullptr)
      : handler_(std::move(handler)) {
    acceptor_ = *loop.network().listen({-1, address});
    tasks_.spawn(run());
  }
  void stop() { acceptor_->stop(); }
  bool stopped() const { return tasks_.size() == 0; }
  net::Transport& connection(std::size_t i) { return *connections_[i]; }
  std::size_t accepted() const { return connections_.size(); }
  void close(std::size_t i) { connections_[i].reset(); }
  void close_all() {
    for (auto& connection : connections_)
      if (connection) connection->abort(Fault::cancelled);
  }

 private:
  Task<void> run() {
    for (;;) {
      auto accepted = co_await acceptor_->accept();
      if (!accepted && accepted.error().fault == Fault::cancelled) co_return;
      if (!accepted) continue;
      connections_.push_back(std::move(*accepted));
      if (handler_) tasks_.spawn(handler_(*connections_.back()));
    }
  }

  Handler handler_;
  std::unique_ptr<net::Acceptor> acceptor_;
  std::vector<std::unique_ptr<net::Transport>> connections_;
  TaskGroup tasks_;
};

/// One connect() under way.
struct Attempt {
  std::optional<Result<Lease>> result;
  bool finished = false;

  bool done() const { return finished; }
  bool ok() const { return result && result->has_value(); }
  Lease& lease() { return **result; }
  Error error() const { return result->error(); }
  void end() { result.reset(); }
};

class World {
 public:
  ~World() {
    for (auto& server : servers) {
      server->stop();
      server->close_all();
    }
    settle();
    EXPECT_EQ(tasks.size(), 0U) << "something still waits";
    for (auto& server : servers) EXPECT_TRUE(server->stopped());
  }

  Server& serve(std::string_view address, Server::Handler handler = nullptr) {
    servers.push_back(std::make_unique<Server>(loop, at(address), std::move(handler)));
    settle();
    return *servers.back();
  }

  /// Runs what is ready without letting time pass.
  void settle() {
    for (int i = 0; i < 32; ++i) loop.turn(loop.now());
  }

  void run_for(Duration duration) {
    sim.run_for(duration);
    settle();
  }

  /// How connects to the address end from now on; none: as whoever listens there decides.
  void connects_to(std::string_view address, Fault fault) { faults.connects_to(at(address), fault); }
  std::uint64_t connects() { return sim.network().connects(); }

  /// Begins a connect() and runs until it waits for something.
  std::unique_ptr<Attempt> connect(Upstream& upstream, LeaseOptions options = {}, EndpointId id = 0) {
    auto attempt = std::make_unique<Attempt>();
    tasks.spawn(run(*attempt, upstream, id, options));
    settle();
    return attempt;
  }

  sim::World sim;
  net::Loop& loop = sim.loop();
  sim::Faults& faults = sim.faults();
  Rng rng{1};
  std::vector<std::unique_ptr<Server>> servers;
  TaskGroup tasks;

 private:
  static Task<void> run(Attempt& attempt, Upstream& upstream, EndpointId id, LeaseOptions options) {
    attempt.result.emplace(co_await upstream.connect(id, options));
    attempt.finished = true;
  }
};

/// `configure` may change the defaults.
inline std::shared_ptr<SharedUpstream> shared_upstream(
    std::vector<std::string> endpoints, const std::function<void(UpstreamConfig&)>& configure = {}) {
  UpstreamConfig config;
  for (auto& endpoint : endpoints) config.endpoints.push_back({std::move(endpoint), 1});
  if (configure) configure(config);
  return std::make_shared<SharedUpstream>("app", std::move(config));
}

/// In the order of the configuration.
inline SharedEndpoint& endpoint_at(const SharedUpstream& shared, std::size_t index = 0) {
  return *shared.endpoints()->endpoints.at(index);
}

}  // namespace sluice::upstream::testing
