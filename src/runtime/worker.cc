#include "runtime/worker.h"

#include <pthread.h>
#include <random>
#include <string>

#include "base/frame_pool.h"

namespace sluice::runtime {
namespace {

std::uint64_t seed(unsigned index) {
  std::random_device device;
  return (std::uint64_t{device()} << 32 | device()) + index;
}

}  // namespace

Worker::Worker(const Parts& parts) : rng_(seed(parts.index)), parts_(parts) {
  ThreadStart start;
  thread_ = std::thread([this, &start] { run(start); });
  start.await(thread_);
}

Worker::~Worker() {
  if (!thread_.joinable()) return;
  loop_->stop();
  stop_called_.set_value();
  thread_.join();
}

void Worker::run(ThreadStart& start) {
  pthread_setname_np(pthread_self(), ("worker-" + std::to_string(parts_.index)).c_str());
  const bool made = start.make([this] {
    loop_ = net::make_loop(parts_.backend, clock_);
    exchanges_ = std::make_unique<proxy::ExchangePool>(*loop_);
  });
  if (!made) return;
  loop_->run();
  stop_called_.get_future().wait();  // the destructor has let go of the loop
  // Everything that belongs to the loop ends on its thread.
  listeners_.clear();
  gateway_ = {};
  exchanges_.reset();
  loop_.reset();
}

void Worker::serve(const Snapshot& snapshot, std::vector<net::ListenSocket> sockets) {
  gateway_ = build_gateway(snapshot,
                           {*loop_, rng_, parts_.shard, parts_.access_log, parts_.via_token, &parts_.memory});
  for (const auto& plan : snapshot.listeners) {
    listeners_.push_back(std::make_unique<proxy::Listener>(
        *loop_, plan, parts_.shard.listener(plan->settings.name), *exchanges_, gateway_.gateway));
  }
  loop_->post([this, sockets = std::move(sockets)] {
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      auto acceptor = loop_->network().listen(sockets[i]);
      if (acceptor) tasks_.spawn(listeners_[i]->run(std::move(*acceptor)));
    }
  });
}

void Worker::announce_close() {
  loop_->post([this] {
    for (auto& listener : listeners_) listener->announce_close();
  });
}

void Worker::stop() {
  loop_->post([this] {
    for (auto& listener : listeners_) listener->stop();
    tasks_.spawn(drain());
  });
}

void Worker::end_waiting() {
  loop_->post([this] {
    for (auto& listener : listeners_) listener->end_waiting();
  });
}

void Worker::make_room() {
  loop_->post([this] {
    for (auto& listener : listeners_) listener->make_room();
  });
}

void Worker::release_unused() {
  loop_->post([this] {
    exchanges_->release_unused();
    drop_free_frames();
    loop_->release_unused();
  });
}

Task<void> Worker::drain() {
  for (auto& listener : listeners_) co_await listener->drained();
  for (auto& upstream : gateway_.upstreams) upstream->retire();
  for (auto& upstream : gateway_.upstreams) co_await upstream->drained();
  // Release: who sees it may end the thread.
  drained_.store(true, std::memory_order_release);
}

void Worker::abort() {
  loop_->post([this] {
    for (auto& listener : listeners_) listener->abort();
  });
}

std::size_t Worker::connections() {
  std::promise<std::size_t> count;
  loop_->post([&] {
    std::size_t open = 0;
    for (auto& listener : listeners_) open += listener->connections();
    count.set_value(open);
  });
  return count.get_future().get();
}

}  // namespace sluice::runtime
