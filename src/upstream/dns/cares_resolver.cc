#include "upstream/dns/cares_resolver.h"

#include <ares.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "upstream/dns/address_order.h"
#include "upstream/dns/cares_channel.h"
#include "upstream/dns/file_version.h"
#include "upstream/dns/hosts_file.h"
#include "upstream/dns/lookup.h"

namespace sluice::upstream {
namespace {

using dns::CaresChannel;
using dns::Outcome;
using dns::Reply;
using dns::Type;

constexpr std::size_t kMostLookups = 64;  // at a time: name servers drop what comes all at once
constexpr Type kAddresses[] = {Type::aaaa, Type::a};
constexpr Type kServices[] = {Type::srv};

/// What is asked for.
struct Subject {
  std::string name;  // in lower case
  bool services = false;

  std::span<const Type> types() const { return services ? std::span<const Type>(kServices) : kAddresses; }
  auto operator<=>(const Subject&) const = default;
};

template <class T>
Answer<T> answer(const Outcome& outcome, T Reply::*found) {
  if (!outcome.reply) return {outcome.reply.error(), {}, outcome.why};
  if (outcome.reply->empty())
    return {Error{Fault::unresolved, Side::upstream, true}, outcome.reply->ttl, outcome.why};
  return {(*outcome.reply).*found, outcome.reply->ttl, {}};
}

// RFC 6761 6.3: it is never asked for.
bool is_localhost(std::string_view name) { return name == "localhost" || name.ends_with(".localhost"); }

Outcome localhost() {
  return {Reply{{*net::Address::parse("[::1]:0"), net::Address::ipv4_loopback(0)}, {}, {}}, {}};
}

}  // namespace

class CaresResolver::Thread {
 public:
  using OnOutcome = std::function<void(const Outcome&)>;

  Thread(DnsConfig config, SystemFiles files);
  ~Thread();

  void ask(Subject subject, OnOutcome callback);
  void configure(DnsConfig config);

 private:
  void run();
  bool take_asked();
  void begin_lookups();
  void begin(const Subject& subject);
  std::optional<Outcome> known_here(const Subject& subject);
  void finish(const Subject& subject, Outcome outcome);
  CaresChannel& channel();
  void wait();
  void wake() noexcept;
  int poll_timeout() const;

  const SystemFiles files_;
  const int wake_;  // eventfd

  std::mutex mutex_;  // guards what stands up to the next blank line
  std::vector<std::pair<Subject, OnOutcome>> asked_;
  DnsConfig config_;
  bool configured_ = true;
  bool stopped_ = false;

  // The thread's own.
  dns::HostsFile hosts_;
  dns::FileVersion resolv_conf_;
  DnsConfig in_force_;
  bool outdated_ = true;  // the last channel, by configuration
  std::vector<std::unique_ptr<CaresChannel>>
      channels_;  // the last is the one to ask; others end what they began
  std::map<Subject, std::vector<OnOutcome>> waiting_;
  std::deque<Subject> to_begin_;
  std::size_t under_way_ = 0;
  std::thread thread_;
};

CaresResolver::Thread::Thread(DnsConfig config, SystemFiles files)
    : files_(std::move(files)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      config_(std::move(config)),
      hosts_(files_.hosts) {
  if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  thread_ = std::thread([this] { run(); });
}

CaresResolver::Thread::~Thread() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake();
  thread_.join();
  ::close(wake_);
}

void CaresResolver::Thread::ask(Subject subject, OnOutcome callback) {
  {
    std::lock_guard lock(mutex_);
    asked_.emplace_back(std::move(subject), std::move(callback));
  }
  wake();
}

void CaresResolver::Thread::configure(DnsConfig config) {
  std::lock_guard lock(mutex_);
  config_ = std::move(config);
  configured_ = true;
}

void CaresResolver::Thread::wake() noexcept { (void)::eventfd_write(wake_, 1); }

void CaresResolver::Thread::run() {
  pthread_setname_np(pthread_self(), "resolver");
  while (take_asked()) {
    begin_lookups();
    wait();
  }
}

// False: it is time to end.
bool CaresResolver::Thread::take_asked() {
  std::vector<std::pair<Subject, OnOutcome>> asked;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return false;
    asked.swap(asked_);
    if (std::exchange(configured_, false)) {
      in_force_ = config_;
      outdated_ = true;
    }
  }
  for (auto& [subject, callback] : asked) {
    auto& callbacks = waiting_[subject];
    if (callbacks.empty()) to_begin_.push_back(subject);
    callbacks.push_back(std::move(callback));
  }
  return true;
}

void CaresResolver::Thread::begin_lookups() {
  while (under_way_ < kMostLookups && !to_begin_.empty()) {
    const auto subject = std::move(to_begin_.front());
    to_begin_.pop_front();
    ++under_way_;
    begin(subject);
  }
}

void CaresResolver::Thread::begin(const Subject& subject) {
  if (auto known = known_here(subject)) return finish(subject, std::move(*known));
  std::make_shared<dns::Lookup>(channel(), subject.name, subject.types(), [this, subject](Outcome outcome) {
    finish(subject, std::move(outcome));
  })->start();
}

std::optional<Outcome> CaresResolver::Thread::known_here(const Subject& subject) {
  std::string_view name = subject.name;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (!dns::is_name(name))
    return Outcome{Error{Fault::unresolved, Side::upstream, true}, "it is too long for a name"};
  if (subject.services) return {};
  if (auto hosts = hosts_.find(name); !hosts.empty()) return Outcome{Reply{std::move(hosts), {}, {}}, {}};
  if (is_localhost(name)) return localhost();
  return {};
}

void CaresResolver::Thread::finish(const Subject& subject, Outcome outcome) {
  --under_way_;
  if (outcome.reply) dns::sort_destinations(outcome.reply->addresses, in_force_.prefer);
  const auto callbacks = std::move(waiting_.extract(subject).mapped());
  for (const auto& callback : callbacks) callback(outcome);
}

CaresChannel& CaresResolver::Thread::channel() {
  const auto version = dns::FileVersion::of(files_.resolv_conf);
  if (outdated_ || !(version == resolv_conf_)) {
    outdated_ = false;
    resolv_conf_ = version;
    channels_.push_back(std::make_unique<CaresChannel>(in_force_, files_.resolv_conf));
  }
  return *channels_.back();
}

int CaresResolver::Thread::poll_timeout() const {
  std::optional<Duration> least;
  for (const auto& channel : channels_)
    if (const auto patience = channel->patience()) least = std::min(least.value_or(*patience), *patience);
  if (!least) return -1;
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(*least).count());
}

void CaresResolver::Thread::wait() {
  if (!to_begin_.empty() && under_way_ < kMostLookups) return;  // what has begun last is over already
  std::vector<pollfd> events{{wake_, POLLIN, 0}};
  for (const auto& channel : channels_) channel->add_sockets(events);
  ::poll(events.data(), events.size(), poll_timeout());
  eventfd_t count = 0;
  (void)::eventfd_read(wake_, &count);
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    for (const auto& event : events)
      if (event.revents != 0) channels_[i]->process(event);
    channels_[i]->expire();
  }
  for (std::size_t i = channels_.size(); i-- > 0;)
    if (i + 1 < channels_.size() && channels_[i]->idle())
      channels_.erase(channels_.begin() + static_cast<std::ptrdiff_t>(i));
}

CaresResolver::CaresResolver(DnsConfig config, SystemFiles files) {
  ares_library_init(ARES_LIB_INIT_ALL);
  thread_ = std::make_unique<Thread>(std::move(config), std::move(files));
}

CaresResolver::~CaresResolver() {
  thread_.reset();
  ares_library_cleanup();
}

void CaresResolver::resolve(std::string host, OnAddresses callback) {
  thread_->ask({ascii_lower(host), false}, [callback = std::move(callback)](const Outcome& outcome) {
    callback(answer(outcome, &Reply::addresses));
  });
}

void CaresResolver::find_services(std::string name, OnServices callback) {
  thread_->ask({ascii_lower(name), true}, [callback = std::move(callback)](const Outcome& outcome) {
    callback(answer(outcome, &Reply::services));
  });
}

void CaresResolver::configure(DnsConfig config) { thread_->configure(std::move(config)); }

}  // namespace sluice::upstream
