#include "runtime/embedded_server.h"

#include <pthread.h>

#include "net/backend.h"
#include "proxy/gateway.h"
#include "runtime/thread_start.h"

namespace sluice::runtime {

EmbeddedServer::EmbeddedServer(std::string name, net::ListenSocket socket, MakeHandler make_handler)
    : name_(std::move(name)),
      socket_(std::move(socket)),
      make_handler_(std::move(make_handler)),
      rng_(std::hash<std::string>{}(name_)),
      no_log_({.output = "none"}, 1) {
  ThreadStart start;
  thread_ = std::thread([this, &start] {
    pthread_setname_np(pthread_self(), name_.c_str());
    if (start.make([this] { loop_ = net::make_loop(net::Backend::epoll, clock_); })) run();
  });
  start.await(thread_);
}

EmbeddedServer::~EmbeddedServer() {
  loop_->post([this] { tasks_.spawn(end()); });
  stop_called_.set_value();
  thread_.join();
}

void EmbeddedServer::run() {
  exchanges_ = std::make_unique<proxy::ExchangePool>(*loop_);
  auto plan = std::make_shared<proxy::ListenerPlan>();
  plan->settings.name = name_;
  plan->h2.emplace();
  plan->trusts = [](const net::Address&) { return true; };  // the demo's origins show what the gateway says
  plan->counts = std::make_shared<proxy::ListenerPlan::Counts>(1000);
  gateway_ = std::make_unique<proxy::Gateway>(proxy::WorkerParts{*loop_, rng_, shard_, no_log_.port(0)});
  gateway_->use(generation());
  listener_ = std::make_unique<proxy::Listener>(*loop_, plan, shard_.listener(name_), *exchanges_, *gateway_);
  if (auto acceptor = loop_->network().listen(socket_))
    entrance_ = std::make_unique<proxy::Entrance>(std::move(*acceptor), *listener_);
  loop_->run();
  stop_called_.get_future().wait();  // the destructor has let go of the loop
  entrance_.reset();
  listener_.reset();
  gateway_.reset();
  exchanges_.reset();
  loop_.reset();
}

std::shared_ptr<const proxy::Generation> EmbeddedServer::generation() {
  proxy::RouteMatch all;
  conf::Problems problems;
  proxy::RouteEntry entry{&all, name_, {}};
  auto table = std::make_shared<const proxy::RouteTable>(std::span(&entry, 1), problems);
  std::vector<std::unique_ptr<Middleware>> chain;
  chain.push_back(make_handler_(*loop_));
  auto route = std::make_shared<proxy::Route>(proxy::Route{
      {.name = name_}, proxy::Chain(std::move(chain), {}), {}, proxy::Split({1}), shard_.route(name_)});
  return std::make_shared<const proxy::Generation>(proxy::Generation{table, {std::move(route)}, nullptr});
}

Task<void> EmbeddedServer::end() {
  if (entrance_) entrance_->stop();
  listener_->stop();
  listener_->abort();
  if (entrance_) co_await entrance_->drained();
  co_await listener_->drained();
  loop_->stop();
}

}  // namespace sluice::runtime
