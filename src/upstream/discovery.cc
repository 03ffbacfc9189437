#include "upstream/discovery.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/timer_wheel.h"

namespace sluice::upstream {
namespace {

bool is_name(const SharedEndpoint& endpoint) { return !net::Address::parse(endpoint.name()); }

Addresses with_port(std::vector<net::Address> hosts, std::uint16_t port) {
  for (auto& host : hosts) host = host.with_port(port);
  return hosts;
}

// Servers rotate the order of their answers: that alone is no change.
bool same_addresses(const Addresses& a, const Addresses& b) {
  return a.size() == b.size() && std::is_permutation(a.begin(), a.end(), b.begin());
}

std::string list(const Addresses& addresses) {
  std::string out;
  for (const auto& address : addresses) out += (out.empty() ? "" : ", ") + address.to_string();
  return out;
}

// What the callbacks of resolve_all() share with it; they may come when it has given up.
struct Countdown {
  std::mutex mutex;
  std::condition_variable done;
  std::size_t open = 0;
};

}  // namespace

void resolve_all(Resolver& resolver, std::span<const std::shared_ptr<SharedUpstream>> upstreams,
                 Duration patience) {
  const auto countdown = std::make_shared<Countdown>();
  for (const auto& upstream : upstreams) {
    const auto set = upstream->endpoints();
    for (const auto& endpoint : set->endpoints) {
      if (!is_name(*endpoint) || !endpoint->addresses()->empty()) continue;
      {
        std::lock_guard lock(countdown->mutex);
        ++countdown->open;
      }
      resolver.resolve(endpoint->address().host, [countdown, upstream,
                                                  endpoint](Result<std::vector<net::Address>> answer) {
        if (answer) upstream->publish(*endpoint, with_port(std::move(*answer), endpoint->address().port));
        std::lock_guard lock(countdown->mutex);
        if (--countdown->open == 0) countdown->done.notify_one();
      });
    }
  }
  std::unique_lock lock(countdown->mutex);
  countdown->done.wait_for(lock, patience, [&] { return countdown->open == 0; });
}

/// One endpoint whose address is a name. Callbacks of the resolver hold it by a weak pointer that only
/// the loop's thread turns into a strong one.
class Discovery::Name final : public std::enable_shared_from_this<Discovery::Name>, private Timer {
 public:
  Name(Discovery& owner, std::shared_ptr<SharedUpstream> upstream, std::shared_ptr<SharedEndpoint> endpoint)
      : control_(owner.control_),
        resolver_(owner.resolver_),
        log_(owner.log_),
        upstream_(std::move(upstream)),
        endpoint_(std::move(endpoint)) {}
  ~Name() override = default;

  const SharedUpstream& upstream() const noexcept { return *upstream_; }
  const SharedEndpoint& endpoint() const noexcept { return *endpoint_; }

  void ask() {
    resolver_.resolve(endpoint().address().host, [&control = control_, self = weak_from_this()](
                                                     Result<std::vector<net::Address>> answer) {
      control.post([self, answer = std::move(answer)]() mutable {
        if (const auto name = self.lock()) name->take(std::move(answer));
      });
    });
  }

 private:
  void take(Result<std::vector<net::Address>> answer) {
    if (answer) {
      resolved(with_port(std::move(*answer), endpoint().address().port));
    } else {
      failed(answer.error());
    }
    control_.timers().arm(*this, control_.now() + (failing_ ? retry : refresh));
  }

  void resolved(Addresses addresses) {
    const auto before = *endpoint_->addresses();
    const bool changed = !same_addresses(before, addresses);
    if (changed || failing_)
      log_(false,
           fmt::format("upstream {}: {} is at {}", upstream_->name(), endpoint().name(), list(addresses)));
    failing_ = false;
    if (changed) upstream_->publish(*endpoint_, std::move(addresses));
  }

  void failed(const Error& error) {
    if (std::exchange(failing_, true)) return;
    const auto known = *endpoint_->addresses();
    log_(true,
         fmt::format("upstream {}: {} does not resolve ({}); {}", upstream_->name(), endpoint().name(),
                     name(error.fault), known.empty() ? "it has no address yet" : "kept at " + list(known)));
  }

  void on_timer() noexcept override { ask(); }

  net::Loop& control_;
  Resolver& resolver_;
  const Log log_;
  const std::shared_ptr<SharedUpstream> upstream_;
  const std::shared_ptr<SharedEndpoint> endpoint_;
  bool failing_ = false;
};

Discovery::Discovery(net::Loop& control, Resolver& resolver, Log log)
    : control_(control), resolver_(resolver), log_(or_process_log(std::move(log))) {}

Discovery::~Discovery() = default;

void Discovery::sync(const std::shared_ptr<SharedUpstream>& upstream) {
  std::unordered_set<EndpointId> followed;
  std::erase_if(names_, [&](const auto& name) {
    if (&name->upstream() != upstream.get()) return false;
    followed.insert(name->endpoint().id());
    return name->endpoint().has_left();
  });
  const auto set = upstream->endpoints();
  for (const auto& endpoint : set->endpoints) {
    if (!is_name(*endpoint) || followed.contains(endpoint->id())) continue;
    names_.push_back(std::make_shared<Name>(*this, upstream, endpoint));
    names_.back()->ask();
  }
}

void Discovery::remove(const SharedUpstream& upstream) noexcept {
  std::erase_if(names_, [&](const auto& name) { return &name->upstream() == &upstream; });
}

}  // namespace sluice::upstream
