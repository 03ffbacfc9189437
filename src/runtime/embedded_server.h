// A small HTTP server inside the process, on a thread of its own: the admin listener, the origins
// of the demo. It is the gateway itself, with one route that a middleware answers.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "net/listen.h"
#include "net/loop.h"
#include "proxy/entrance.h"
#include "proxy/exchange_pool.h"
#include "proxy/gateway.h"
#include "proxy/listener.h"
#include "sluice/middleware.h"
#include "telemetry/access_log.h"
#include "telemetry/shard.h"

namespace sluice::runtime {

class EmbeddedServer {
 public:
  /// Made on the server's thread, once.
  using MakeHandler = std::function<std::unique_ptr<Middleware>(net::Loop&)>;

  /// Serves on a socket that listens already until destroyed. `name`: of the thread, at most 15 bytes.
  EmbeddedServer(std::string name, net::ListenSocket socket, MakeHandler make_handler);
  ~EmbeddedServer();
  EmbeddedServer(const EmbeddedServer&) = delete;
  EmbeddedServer& operator=(const EmbeddedServer&) = delete;

  const net::Address& address() const noexcept { return socket_.address; }

 private:
  void run();
  std::shared_ptr<const proxy::Generation> generation();
  Task<void> end();

  const std::string name_;
  const net::ListenSocket socket_;
  const MakeHandler make_handler_;
  SystemClock clock_;
  Rng rng_;
  telemetry::Shard shard_{0};
  telemetry::AccessLog no_log_;
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<proxy::ExchangePool> exchanges_;
  std::unique_ptr<proxy::Gateway> gateway_;
  std::unique_ptr<proxy::Listener> listener_;
  std::unique_ptr<proxy::Entrance> entrance_;
  std::promise<void> stop_called_;
  TaskGroup tasks_;
  std::thread thread_;
};

}  // namespace sluice::runtime
