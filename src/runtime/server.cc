#include "runtime/server.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "net/listen.h"
#include "runtime/certificates.h"
#include "telemetry/log.h"
#include "upstream/stats.h"

namespace sluice::runtime {
namespace {

constexpr auto kBindPatience = std::chrono::milliseconds(500);
constexpr auto kBindPoll = std::chrono::milliseconds(20);
constexpr auto kDrainPoll = std::chrono::milliseconds(10);
constexpr auto kCutPatience = std::chrono::seconds(5);
constexpr mode_t kAdminMode = 0660;  // whoever may connect may read all of it

// The kernel lets go of the ring of a process that was killed, and of its sockets, a moment after it.
auto listen_patiently(const net::Address& address, const net::ListenOptions& options) {
  const auto give_up = std::chrono::steady_clock::now() + kBindPatience;
  for (;;) {
    auto sockets = net::listen_on(address, options);
    const bool in_use = !sockets && sockets.error().os_error == EADDRINUSE;
    if (!in_use || std::chrono::steady_clock::now() >= give_up) return sockets;
    std::this_thread::sleep_for(kBindPoll);
  }
}

// What holds the path of a unix socket, where that is not a socket too.
std::string_view what_is_in_the_way(const std::string& path) {
  switch (std::error_code unknown; std::filesystem::symlink_status(path, unknown).type()) {
    case std::filesystem::file_type::regular:
      return "a file";
    case std::filesystem::file_type::directory:
      return "a folder";
    case std::filesystem::file_type::symlink:
      return "a symbolic link";
    case std::filesystem::file_type::fifo:
      return "a FIFO";
    case std::filesystem::file_type::block:
    case std::filesystem::file_type::character:
      return "a device";
    default:
      return {};
  }
}

std::string why_not_bound(const std::string& text, int error) {
  const auto what = error == EADDRINUSE && text.starts_with("unix:") ? what_is_in_the_way(text.substr(5))
                                                                     : std::string_view();
  return what.empty() ? std::strerror(error) : fmt::format("it is {}, not a socket", what);
}

std::vector<net::ListenSocket> bind_to(const conf::Located<std::string>& text,
                                       const net::ListenOptions& options) {
  auto sockets = listen_patiently(*net::Address::parse(*text), options);
  if (!sockets) {
    throw ListenError(fmt::format("cannot listen on {}: {}", conf::shown(text),
                                  why_not_bound(*text, sockets.error().os_error)));
  }
  return std::move(*sockets);
}

std::string upstreams_json(const Snapshot& snapshot) {
  auto json = nlohmann::ordered_json::array();
  for (const auto& upstream : snapshot.upstreams) json.push_back(to_json(upstream::read_stats(*upstream)));
  return json.dump(2) + "\n";
}

std::vector<telemetry::EndpointState> endpoint_states(const Snapshot& snapshot) {
  std::vector<telemetry::EndpointState> states;
  for (const auto& upstream : snapshot.upstreams) {
    const auto set = upstream->endpoints();
    for (const auto& endpoint : set->endpoints)
      states.push_back({upstream->name(), endpoint->name(), endpoint->health().load().usable()});
  }
  return states;
}

std::vector<telemetry::NameState> name_states(const Snapshot& snapshot) {
  const auto now = SystemClock().now();
  std::vector<telemetry::NameState> states;
  for (const auto& upstream : snapshot.upstreams) {
    const auto set = upstream->endpoints();
    for (const auto& endpoint : set->endpoints) {
      if (!endpoint->is_named()) continue;
      const auto resolution = endpoint->resolution().get();
      states.push_back({.upstream = upstream->name(),
                        .endpoint = endpoint->name(),
                        .failing = !resolution.failure.empty()});
      if (resolution.answered)
        states.back().age = std::chrono::duration<double>(now - *resolution.answered).count();
    }
  }
  return states;
}

std::vector<telemetry::PoolState> pool_states(const Snapshot& snapshot) {
  std::vector<telemetry::PoolState> states;
  for (const auto& upstream : snapshot.upstreams) {
    const auto counts = upstream->totals();
    states.push_back({.upstream = upstream->name(),
                      .active = counts.leased,
                      .idle = counts.idle,
                      .pending = counts.pending,
                      .opened = counts.opened,
                      .reused = counts.reused});
  }
  return states;
}

telemetry::ConfigState config_state(const ReloadState& state) {
  return {.stale = state.stale(),
          .taken = state.taken,
          .refused = state.refused,
          .in_force_since = std::chrono::duration<double>(state.in_force_since.time_since_epoch()).count()};
}

// `reloader` is null where there is no file.
AdminPage ready_page(bool ready, const Reloader* reloader) {
  nlohmann::ordered_json page{{"ready", ready}};
  if (!ready) page["reason"] = "draining";
  const auto state = reloader ? reloader->state() : ReloadState();
  page["config_stale"] = state.stale();
  if (state.problems) page["problems"] = nlohmann::ordered_json::parse(state.problems->json());
  return {.status = ready ? 200 : 503, .body = page.dump() + "\n"};
}

AdminPage reload_page(const ReloadOutcome& outcome) {
  nlohmann::ordered_json page{{"reloaded", outcome.changes.has_value()}};
  if (outcome.changes) {
    page.update(to_json(*outcome.changes));
    page["summary"] = outcome.summary();
  }
  if (!outcome.problems.empty()) page["problems"] = nlohmann::ordered_json::parse(outcome.problems.json());
  return {.status = outcome.changes ? 200 : outcome.ending ? 503 : 422, .body = page.dump(2) + "\n"};
}

}  // namespace

Server::Server(std::shared_ptr<const Snapshot> snapshot, Source source)
    : snapshot_(std::move(snapshot)),
      via_token_(fmt::format("{:08x}", std::random_device()())),
      source_(std::move(source)) {
  const auto& config = snapshot_->config;
  log::configure(config.log);
  choose_backend();
  auto count = config.workers.value_or(available_cores());
  share_descriptors(count);
  auto listening = bind(*snapshot_, count);
  for (const auto& one : listening) addresses_.push_back(one.address);
  try {
    access_log_ = std::make_unique<telemetry::AccessLog>(config.access_log, count);
  } catch (const std::runtime_error& error) {
    throw StartError(fmt::format("access_log.output: {}", error.what()));
  }
  for (unsigned i = 0; i < count; ++i) shards_.push_back(std::make_unique<telemetry::Shard>(i));
  control_ = std::make_unique<Control>(config.dns, snapshot_->upstreams);
  memory_ceiling_ = memory_ceiling(config.limits.memory, available_memory());
  if (source_.load) {
    reloader_ = std::make_unique<Reloader>(
        [this](conf::Problems& problems) { return load_again(problems); },
        [this](Config next, conf::Problems& problems) { return apply(std::move(next), problems); },
        source_.busy);
  }
  if (config.admin) start_admin();
  start_workers(count);
  put_in_force(snapshot_, std::move(listening));
  watch_memory();
  control_->watch_queues([this] {
    for (auto& worker : workers_) worker->make_room();
  });
  ready_.store(true, std::memory_order_relaxed);
  if (reloader_) reloader_->start();
}

Server::~Server() {
  if (reloader_) reloader_->stop();
  watch_.reset();
  admin_file_.clear();
  admin_.reset();
  for (auto& shard : shards_) shard->watch_loop(nullptr);
  control_.reset();
  sides_.clear();
  workers_.clear();
}

std::shared_ptr<const Snapshot> Server::snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

void Server::choose_backend() {
  auto wanted = snapshot_->config.event_loop;
  if (wanted == EventLoop::epoll) backend_ = net::Backend::epoll;
  if (wanted == EventLoop::asio) backend_ = net::Backend::asio;
  if (wanted == EventLoop::epoll || wanted == EventLoop::asio) return;
  auto probe = net::probe_backend();
  if (wanted == EventLoop::uring && probe.best != net::Backend::uring) {
    throw StartError(
        fmt::format("event_loop: uring cannot be used here: {}; use auto or epoll", probe.reason));
  }
  backend_ = probe.best;
  backend_reason_ = probe.reason;
}

void Server::share_descriptors(unsigned workers) {
  descriptor_limit_ = raise_descriptor_limit();
  descriptor_needs_ = runtime::descriptor_needs(snapshot_->config, workers);
  if (const auto least = least_descriptor_limit(descriptor_needs_); descriptor_limit_ < least)
    throw StartError(
        fmt::format("the limit of open files is {}, at least {} are needed; raise LimitNOFILE (ulimit -n)",
                    descriptor_limit_, least));
  const auto shares = runtime::share_descriptors(descriptor_limit_, descriptor_needs_);
  most_clients_ = shares.clients;
  clients_ = std::make_unique<proxy::SharedConnectionCount>(shares.clients);
  refusals_ = std::make_unique<proxy::SharedConnectionCount>(shares.refusals);
}

Server::Listenings Server::bind(const Snapshot& snapshot, unsigned workers) {
  Listenings listening;
  for (const auto& listener : snapshot.config.listeners) {
    auto sockets = bind_to(listener.address, {.copies = workers});
    const auto address = sockets.front().address;
    listening.push_back({place_of(listener), address, std::move(sockets), net::SocketFile(address)});
  }
  return listening;
}

void Server::start_workers(unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(
        Worker::Parts{i, backend_, *shards_[i], access_log_->port(i), via_token_, memory_}));
    shards_[i]->watch_loop(&workers_[i]->loop().stats());
  }
}

void Server::watch_memory() {
  auto process = this_process();
  process.load = [this] {
    double load = static_cast<double>(clients_->count());
    for (const auto& shard : shards_) load += shard->exchanges_in_flight.value();
    return static_cast<std::uint64_t>(load);
  };
  process.shed = [this] {
    for (auto& worker : workers_) worker->end_waiting();
  };
  process.release = [this] {
    for (auto& worker : workers_) worker->release_unused();
  };
  control_->watch_memory(memory_, memory_ceiling_, std::move(process));
}

void Server::start_admin() {
  telemetry::ExpositionSources sources;
  for (const auto& shard : shards_) sources.shards.push_back(shard.get());
  sources.access_log = access_log_.get();
  sources.endpoints = [this] { return endpoint_states(*snapshot()); };
  sources.names = [this] { return name_states(*snapshot()); };
  sources.pools = [this] { return pool_states(*snapshot()); };
  sources.memory = [this] {
    return telemetry::MemoryState{memory_.resident(), memory_ceiling_, memory_.high()};
  };
  sources.certificates = [this] { return certificate_states(*snapshot()); };
  if (reloader_) sources.config = [this] { return config_state(reloader_->state()); };
  sources.version = SLUICE_VERSION;
  sources.event_loop = std::string(net::name(backend_));
  exposition_ = std::make_unique<telemetry::Exposition>(std::move(sources));
  admin_sources_ = {
      .metrics = [this] { return exposition_->text(); },
      .ready = [this] { return ready_page(ready_.load(std::memory_order_relaxed), reloader_.get()); },
      .upstreams = [this] { return upstreams_json(*snapshot()); },
      .config =
          [this] {
            return to_json(snapshot()->config, static_cast<unsigned>(shards_.size())).dump(2) + "\n";
          },
  };
  if (reloader_) {
    admin_sources_.reload = [this](std::string by, std::function<void(AdminPage)> answer) {
      reloader_->ask(std::move(by), [answer = std::move(answer)](const ReloadOutcome& outcome) {
        answer(reload_page(outcome));
      });
    };
  }
  const auto& admin = *snapshot_->config.admin;
  admin_rights_ = {.key = admin.key, .everybody = admin.address->starts_with("unix:")};
  auto sockets = bind_to(admin.address, {.unix_mode = kAdminMode});
  admin_file_.emplace_back(sockets.front().address);
  admin_ = std::make_unique<EmbeddedServer>("admin", sockets.front(), [this](net::Loop& loop) {
    return std::make_unique<AdminHandler>(admin_sources_, admin_rights_, loop);
  });
}

bool Server::answers_within(Duration at_most) {
  std::vector<std::future<void>> answers;
  for (auto& worker : workers_) answers.push_back(worker->answer());
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  return std::all_of(answers.begin(), answers.end(),
                     [&](auto& answer) { return answer.wait_until(deadline) == std::future_status::ready; });
}

bool Server::drained() const noexcept {
  for (const auto& worker : workers_) {
    if (!worker->drained()) return false;
  }
  return true;
}

DrainReport Server::shutdown() {
  ready_.store(false, std::memory_order_relaxed);
  const auto times = snapshot()->config.shutdown;
  auto deadline = std::chrono::steady_clock::now() + times.drain;
  for (auto& worker : workers_) worker->announce_close();
  if (reloader_) reloader_->stop();
  watch_.reset();
  for (auto& worker : workers_) worker->announce_close();  // to what a last reload has brought
  std::this_thread::sleep_for(std::min(times.grace, times.drain));
  listening_.clear();
  for (auto& worker : workers_) worker->stop();
  while (!drained() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(kDrainPoll);
  DrainReport report;
  if (!drained()) {
    for (auto& worker : workers_) report.cut += worker->connections();
    for (auto& worker : workers_) worker->abort();
    deadline = std::chrono::steady_clock::now() + kCutPatience;
    while (!drained() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(kDrainPoll);
    report.stuck = !drained();
    if (report.stuck) access_log_->flush();
  }
  return report;
}

}  // namespace sluice::runtime
