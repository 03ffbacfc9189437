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
    gateway_ = std::make_unique<proxy::Gateway>(
        proxy::WorkerParts{*loop_, rng_, parts_.shard, parts_.access_log, parts_.via_token, &parts_.memory});
    departures_ = std::make_unique<Departures>(*loop_);
  });
  if (!made) return;
  loop_->run();
  stop_called_.get_future().wait();  // the destructor has let go of the loop
  // Everything that belongs to the loop ends on its thread.
  doors_.clear();
  gateway_.reset();
  departures_.reset();
  upstreams_.clear();
  exchanges_.reset();
  loop_.reset();
}

std::future<void> Worker::adopt(WorkerOrders orders) {
  auto shared = std::make_shared<WorkerOrders>(std::move(orders));
  auto done = std::make_shared<Done>();
  auto future = done->promise.get_future();
  loop_->post([this, shared, done = std::move(done)] { take_over(*shared, done); });
  return future;
}

Task<void> Worker::close(std::unique_ptr<proxy::Entrance> entrance, std::shared_ptr<Done> done) {
  entrance->stop();
  co_await entrance->drained();
  entrance.reset();
  done.reset();
}

void Worker::take_over(WorkerOrders& orders, const std::shared_ptr<Done>& done) {
  gateway_->use(orders.side.generation);
  upstreams_.swap(orders.side.upstreams);
  std::vector<Door> doors;
  for (auto& order : orders.doors) doors.push_back(order.socket ? open(order) : take_on(order));
  doors_.swap(doors);
  for (auto& door : doors) {
    if (door.entrance) tasks_.spawn(close(std::move(door.entrance), done));
    if (door.listener) departures_->add(std::move(door.listener));
  }
  for (auto& upstream : orders.leaving) departures_->add(std::move(upstream));
}

std::unique_ptr<proxy::Listener> Worker::make_listener(const DoorOrder& order) {
  return std::make_unique<proxy::Listener>(*loop_, order.plan, *order.metrics, *exchanges_, *gateway_);
}

Door Worker::open(const DoorOrder& order) {
  Door door{make_listener(order), nullptr};
  if (auto acceptor = loop_->network().listen(*order.socket))
    door.entrance = std::make_unique<proxy::Entrance>(std::move(*acceptor), *door.listener);
  return door;
}

// The address is listened on already. Under another plan its connections are told to come back.
Door Worker::take_on(const DoorOrder& order) {
  auto& known = doors_[order.stays];
  if (&known.listener->plan() == order.plan.get()) return std::move(known);
  Door door{make_listener(order), std::move(known.entrance)};
  if (door.entrance) door.entrance->lead_to(*door.listener);
  return door;
}

template <class Visit>
void Worker::each_listener(Visit&& visit) {
  for (auto& door : doors_) visit(*door.listener);
  departures_->each_listener(visit);
}

void Worker::announce_close() {
  loop_->post([this] { each_listener([](proxy::Listener& listener) { listener.announce_close(); }); });
}

void Worker::stop() {
  loop_->post([this] {
    for (auto& door : doors_) {
      if (door.entrance) door.entrance->stop();
    }
    each_listener([](proxy::Listener& listener) { listener.stop(); });
    tasks_.spawn(drain());
  });
}

void Worker::end_waiting() {
  loop_->post([this] { each_listener([](proxy::Listener& listener) { listener.end_waiting(); }); });
}

void Worker::make_room() {
  loop_->post([this] { each_listener([](proxy::Listener& listener) { listener.make_room(); }); });
}

void Worker::release_unused() {
  loop_->post([this] {
    exchanges_->release_unused();
    drop_free_frames();
    loop_->release_unused();
  });
}

Task<void> Worker::drain() {
  for (auto& door : doors_) {
    if (door.entrance) co_await door.entrance->drained();
    co_await door.listener->drained();
  }
  for (auto& upstream : upstreams_) upstream->retire();
  for (auto& upstream : upstreams_) co_await upstream->drained();
  co_await departures_->drained();
  // Release: who sees it may end the thread.
  drained_.store(true, std::memory_order_release);
}

void Worker::abort() {
  loop_->post([this] { each_listener([](proxy::Listener& listener) { listener.abort(); }); });
}

std::future<void> Worker::answer() {
  auto answer = std::make_shared<std::promise<void>>();
  auto future = answer->get_future();
  loop_->post([answer] { answer->set_value(); });
  return future;
}

std::size_t Worker::connections() {
  std::promise<std::size_t> count;
  loop_->post([&] {
    std::size_t open = 0;
    each_listener([&open](proxy::Listener& listener) { open += listener.connections(); });
    count.set_value(open);
  });
  return count.get_future().get();
}

}  // namespace sluice::runtime
