// sluice_peer: load on a proxy and the origin behind it, in one process and one epoll loop.
#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>

#include "client.h"
#include "cpu_time.h"
#include "options.h"
#include "origin.h"
#include "poller.h"
#include "recorder.h"
#include "socket.h"

namespace sluice::bench {
namespace {

constexpr auto kDrain = std::chrono::seconds(1);
constexpr auto kLongestWait = std::chrono::milliseconds(100);

Clock::duration seconds(double count) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
}

/// SIGTERM and SIGINT end the run early, with its result.
class Signals : private Watched {
 public:
  explicit Signals(Poller& poller) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    fd_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    poller.add(fd_, EPOLLIN, *this);
  }
  ~Signals() override { ::close(fd_); }

  bool asked_to_end() const { return asked_to_end_; }

 private:
  void on_ready(std::uint32_t) override {
    signalfd_siginfo info{};
    asked_to_end_ = ::read(fd_, &info, sizeof info) > 0;
  }

  int fd_ = -1;
  bool asked_to_end_ = false;
};

/// What CPU time was used, and for whom: by the watched processes, by this one, by anyone on this core.
struct CpuUse {
  nanoseconds watched{0};
  nanoseconds own{0};
  nanoseconds core{0};

  static CpuUse now(const std::vector<pid_t>& watched) {
    return {cpu_time_of(watched), own_cpu_time(), busy_time_of_this_core()};
  }
  CpuUse operator-(const CpuUse& other) const {
    return {watched - other.watched, own - other.own, core - other.core};
  }
};

class Run {
 public:
  explicit Run(const Options& options) : options_(options), signals_(poller_) {
    if (options.origin_port != 0) origin_.emplace(poller_, options.origin_port);
    if (options.proxy_port != 0) client_.emplace(poller_, options_, recorder_);
  }

  void serve_as_origin() {
    while (!signals_.asked_to_end()) poller_.wait(kLongestWait);
  }

  void load() {
    const Time begin = Clock::now();
    const Time start = begin + seconds(options_.warm_up);
    const Time end = start + seconds(options_.seconds);
    recorder_.set_span(start, end);
    client_->start(begin, end);
    turn_until(start);
    const CpuUse before = CpuUse::now(options_.watch);
    turn_until(end);
    cpu_ = CpuUse::now(options_.watch) - before;
    if (signals_.asked_to_end()) recorder_.set_span(start, Clock::now());
    if (options_.rate > 0) drain();
  }

  /// Opens the connections, says so on stdout, and holds them.
  void hold() {
    const Time begin = Clock::now();
    recorder_.set_span(begin, Time::max());
    client_->start(begin, Time::max());
    const Time deadline = begin + seconds(60);
    while (client_->held() < options_.connections && Clock::now() < deadline && !signals_.asked_to_end())
      turn(deadline);
    recorder_.set_span(begin, Clock::now());
    fmt::print("{{\"event\": \"holding\", \"held\": {}}}\n", client_->held());
    std::fflush(stdout);
    turn_until(Clock::now() + seconds(options_.seconds));
    client_->stop();
  }

  void print() const {
    fmt::print("{{{}, \"held\": {}, \"watched_cpu_ns\": {}, \"own_cpu_ns\": {}, \"core_busy_ns\": {}, ",
               recorder_.to_json_members(), client_->held(), cpu_.watched.count(), cpu_.own.count(),
               cpu_.core.count());
    fmt::print("\"bad_origin_requests\": {}}}\n", origin_ ? origin_->bad_requests() : 0);
  }

 private:
  void turn_until(Time moment) {
    while (Clock::now() < moment && !signals_.asked_to_end()) turn(moment);
  }

  void turn(Time limit) {
    const Time next = client_->tick(Clock::now());
    poller_.wait(std::min(next, limit) - Clock::now());
  }

  void drain() {
    const Time limit = Clock::now() + kDrain;
    while (client_->owes_requests() && Clock::now() < limit) turn(limit);
    client_->give_up(Clock::now());
  }

  Options options_;
  Poller poller_;
  Signals signals_;
  Recorder recorder_;
  std::optional<Origin> origin_;
  std::optional<Client> client_;
  CpuUse cpu_;
};

void run(const Options& options) {
  raise_descriptor_limit();
  Run run(options);
  if (options.proxy_port == 0) return run.serve_as_origin();
  if (options.mode == Mode::idle)
    run.hold();
  else
    run.load();
  run.print();
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  try {
    sluice::bench::run(sluice::bench::parse_options(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "sluice_peer: {}\n", error.what());
    return 1;
  }
}
