#include "runtime/control.h"

#include <pthread.h>

#include <set>
#include <utility>

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

Control::Control(const upstream::DnsConfig& dns, const Upstreams& upstreams)
    : rng_(static_cast<std::uint64_t>(clock_.now().time_since_epoch().count())), resolver_(dns) {
  resolve(upstreams);
  ThreadStart start;
  thread_ = std::thread([this, &start] {
    pthread_setname_np(pthread_self(), "control");
    if (start.make([this] { loop_ = net::make_loop(net::Backend::epoll, clock_); })) run();
  });
  start.await(thread_);
  loop_->post([this, dns, upstreams] {
    discovery_ = std::make_unique<upstream::Discovery>(
        upstream::Discovery::Parts{*loop_, resolver_, rng_, dns, log_line});
    take_over(upstreams);
  });
}

void Control::resolve(const Upstreams& upstreams) {
  upstream::resolve_all(resolver_, upstreams, kResolvePatience);
}

void Control::configure(const upstream::DnsConfig& dns) {
  resolver_.configure(dns);
  loop_->post([this, dns] { discovery_->configure(dns); });
}

void Control::adopt(Upstreams upstreams) {
  loop_->post([this, upstreams = std::move(upstreams)]() mutable { take_over(std::move(upstreams)); });
}

void Control::take_over(Upstreams upstreams) {
  const std::set<std::shared_ptr<upstream::SharedUpstream>> wanted(upstreams.begin(), upstreams.end());
  std::set<std::shared_ptr<upstream::SharedUpstream>> known;
  std::vector<Checked> stay;
  for (auto& one : checked_) {
    if (wanted.contains(one.upstream)) {
      known.insert(one.upstream);
      discovery_->sync(one.upstream);
      one.checker->sync();
      stay.push_back(std::move(one));
    } else {
      leaving_.spawn(dismiss(std::move(one)));
    }
  }
  checked_ = std::move(stay);
  for (const auto& upstream : upstreams) {
    if (!known.contains(upstream)) add(upstream);
  }
  upstreams_ = std::move(upstreams);
}

void Control::add(const std::shared_ptr<upstream::SharedUpstream>& upstream) {
  discovery_->sync(upstream);
  checked_.push_back({upstream, std::make_unique<upstream::HealthChecker>(*loop_, rng_, upstream, log_line)});
  checked_.back().checker->sync();
}

Task<void> Control::dismiss(Checked checked) {
  discovery_->remove(*checked.upstream);
  checked.checker->stop();
  co_await checked.checker->join();
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
  for (auto& one : checked_) leaving_.spawn(dismiss(std::move(one)));
  checked_.clear();
  co_await leaving_.join();
  loop_->stop();
}

void Control::run() {
  loop_->run();
  stop_called_.get_future().wait();  // the destructor has let go of the loop
  discovery_.reset();
  loop_.reset();
}

}  // namespace sluice::runtime
