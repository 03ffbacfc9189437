#include "runtime/control.h"

#include <pthread.h>

#include "net/backend.h"
#include "runtime/thread_start.h"
#include "telemetry/log.h"

namespace sluice::runtime {
namespace {

constexpr auto kResolvePatience = std::chrono::seconds(2);

void log_line(bool warning, std::string_view line) {
  log::print(warning ? log::Level::warn : log::Level::info, "{}", line);
}

}  // namespace

Control::Control(const upstream::DnsConfig& dns,
                 const std::vector<std::shared_ptr<upstream::SharedUpstream>>& upstreams)
    : rng_(static_cast<std::uint64_t>(clock_.now().time_since_epoch().count())),
      resolver_(dns),
      upstreams_(upstreams) {
  upstream::resolve_all(resolver_, upstreams, kResolvePatience);
  ThreadStart start;
  thread_ = std::thread([this, &start] {
    pthread_setname_np(pthread_self(), "control");
    if (start.make([this] { loop_ = net::make_loop(net::Backend::epoll, clock_); })) run();
  });
  start.await(thread_);
  loop_->post([this, dns, upstreams] {
    discovery_ = std::make_unique<upstream::Discovery>(
        upstream::Discovery::Parts{*loop_, resolver_, rng_, dns, log_line});
    for (const auto& upstream : upstreams) {
      discovery_->sync(upstream);
      checkers_.push_back(std::make_unique<upstream::HealthChecker>(*loop_, rng_, upstream, log_line));
      checkers_.back()->sync();
    }
  });
}

void Control::watch_queues(std::function<void()> make_room) {
  loop_->post([this, make_room = std::move(make_room)] {
    queues_ = std::make_unique<QueueWatch>(*loop_, upstreams_, make_room);
  });
}

void Control::watch_memory(SharedMemoryPressure& pressure, std::uint64_t ceiling,
                           MemoryWatch::Process process) {
  loop_->post([this, &pressure, ceiling, process = std::move(process)] {
    memory_ = std::make_unique<MemoryWatch>(*loop_, pressure, ceiling, process);
    memory_->start();
  });
}

Control::~Control() {
  loop_->post([this] { tasks_.spawn(end()); });
  stop_called_.set_value();
  thread_.join();
}

Task<void> Control::end() {
  queues_.reset();
  memory_.reset();
  for (auto& checker : checkers_) checker->stop();
  for (auto& checker : checkers_) co_await checker->join();
  loop_->stop();
}

void Control::run() {
  loop_->run();
  stop_called_.get_future().wait();  // the destructor has let go of the loop
  checkers_.clear();
  discovery_.reset();
  loop_.reset();
}

}  // namespace sluice::runtime
