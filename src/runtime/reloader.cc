#include "runtime/reloader.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "telemetry/log.h"

namespace sluice::runtime {
namespace {

constexpr int kNiceness = 10;  // workers go first where cores are few

WallTime wall_now() {
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
}

ReloadOutcome refused(std::string why) {
  conf::Problem problem;
  problem.message = std::move(why);
  ReloadOutcome outcome;
  outcome.problems.add(std::move(problem));
  return outcome;
}

ReloadOutcome too_late(const std::string& by) {
  log::warn("reload by {}: refused, for the gateway is ending", by);
  auto outcome = refused("the gateway is ending");
  outcome.ending = true;
  return outcome;
}

void report(const std::string& by, const ReloadOutcome& outcome, std::chrono::milliseconds took) {
  if (outcome.changes) return log::info("reload by {}: {} ({} ms)", by, outcome.summary(), took.count());
  for (const auto& problem : outcome.problems.sorted()) log::error("{}", one_line(problem));
  log::error("reload by {}: refused for {} problem{}; what was in force stays in force", by,
             outcome.problems.size(), outcome.problems.size() == 1 ? "" : "s");
}

}  // namespace

std::string ReloadOutcome::summary() const {
  if (problems.empty()) return changes->summary();
  return fmt::format("{}; {} certificate problem{}: what was read before stays in use", changes->summary(),
                     problems.size(), problems.size() == 1 ? "" : "s");
}

Reloader::Reloader(Load load, Apply apply, Busy busy)
    : load_(std::move(load)), apply_(std::move(apply)), busy_(std::move(busy)) {
  state_.in_force_since = wall_now();
}

void Reloader::start() {
  thread_ = std::thread([this] { run(); });
}

Reloader::~Reloader() { stop(); }

void Reloader::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_one();
  if (thread_.joinable()) thread_.join();
  for (auto& wish : std::exchange(wishes_, {})) {
    const auto outcome = too_late(wish.by);
    if (wish.told) wish.told(outcome);
  }
}

void Reloader::ask(std::string by, Told told) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      wishes_.push_back({std::move(by), std::move(told)});
      return wanted_.notify_one();
    }
  }
  const auto outcome = too_late(by);
  if (told) told(outcome);
}

ReloadState Reloader::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void Reloader::run() {
  pthread_setname_np(pthread_self(), "reload");
  // Of this thread alone, as Linux has it; where it fails, all are as urgent.
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness));
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [this] { return stopping_ || !wishes_.empty(); });
    if (stopping_) return;
    auto wishes = std::exchange(wishes_, {});
    lock.unlock();
    reload(std::move(wishes));
    lock.lock();
  }
}

void Reloader::reload(std::vector<Wish> wishes) {
  std::string by;
  for (const auto& wish : wishes) {
    if (by.find(wish.by) == std::string::npos) by += (by.empty() ? "" : ", ") + wish.by;
  }
  const auto begun = std::chrono::steady_clock::now();
  busy_(true);
  const auto outcome = attempt();
  note(outcome);
  report(by, outcome,
         std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun));
  busy_(false);
  for (auto& wish : wishes) {
    if (wish.told) wish.told(outcome);
  }
}

ReloadOutcome Reloader::attempt() noexcept {
  try {
    ReloadOutcome outcome;
    auto config = load_(outcome.problems);
    if (config) outcome.changes = apply_(std::move(*config), outcome.problems);
    return outcome;
  } catch (const std::exception& error) {
    return refused(error.what());
  }
}

void Reloader::note(const ReloadOutcome& outcome) {
  const std::lock_guard lock(mutex_);
  if (outcome.changes) {
    ++state_.taken;
    state_.in_force_since = wall_now();
    state_.problems.reset();
    if (!outcome.problems.empty()) state_.problems = outcome.problems;
  } else {
    ++state_.refused;
    state_.problems = outcome.problems;
  }
}

}  // namespace sluice::runtime
