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

using AddressAnswer = Answer<std::vector<net::Address>>;

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

std::string_view why(const AddressAnswer& answer) {
  return answer.why.empty() ? name(answer.found.error().fault) : answer.why;
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
      if (!endpoint->is_named() || !endpoint->addresses()->empty()) continue;
      {
        std::lock_guard lock(countdown->mutex);
        ++countdown->open;
      }
      resolver.resolve(endpoint->address().host, [countdown, upstream, endpoint](AddressAnswer answer) {
        if (answer.found)
          upstream->publish(*endpoint, with_port(std::move(*answer.found), endpoint->address().port));
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
      : parts_(owner.parts_), upstream_(std::move(upstream)), endpoint_(std::move(endpoint)) {}
  ~Name() override = default;

  const SharedUpstream& upstream() const noexcept { return *upstream_; }
  SharedEndpoint& endpoint() const noexcept { return *endpoint_; }

  void ask() {
    parts_.resolver.resolve(endpoint().address().host,
                            [&control = parts_.control, self = weak_from_this()](AddressAnswer answer) {
                              control.post([self, answer = std::move(answer)]() mutable {
                                if (const auto name = self.lock()) name->take(std::move(answer));
                              });
                            });
  }

 private:
  const DnsConfig& config() const noexcept { return parts_.config; }
  TimePoint now() const noexcept { return parts_.control.now(); }
  Addresses known() const { return *endpoint_->addresses(); }

  void take(AddressAnswer answer) {
    if (answer.found) {
      resolved(with_port(std::move(*answer.found), endpoint().address().port),
               answer.ttl.value_or(unsaid_ttl));
    } else {
      failed(answer);
    }
    endpoint().resolution().set(resolution_);
  }

  void resolved(Addresses addresses, Duration ttl) {
    const bool was_failing = !resolution_.failure.empty();
    ttl = std::clamp(ttl, config().min_ttl, config().max_ttl);
    resolution_ = {now(), parts_.control.wall(), ttl, {}};
    retry_ = first_retry;
    const bool changed = !same_addresses(known(), addresses);
    if (changed || was_failing) log(false, fmt::format("{} is at {}", endpoint().name(), list(addresses)));
    if (changed) upstream_->publish(*endpoint_, std::move(addresses));
    ask_after(ttl);
  }

  void failed(const AddressAnswer& answer) {
    if (resolution_.failure.empty()) {
      const auto addresses = known();
      log(true, fmt::format("{} does not resolve ({}); {}", endpoint().name(), why(answer),
                            addresses.empty() ? "it has no address yet" : "kept at " + list(addresses)));
    }
    resolution_.failure = why(answer);
    drop_when_too_old();
    ask_after(pause_after(answer));
  }

  // The server says how long there is no such name; where it does not answer, only patience helps.
  Duration pause_after(const AddressAnswer& answer) {
    const bool negative = answer.found.error().fault == Fault::unresolved && answer.ttl;
    if (negative)
      return std::clamp(*answer.ttl, std::min(config().min_ttl, config().negative_ttl),
                        config().negative_ttl);
    return std::exchange(retry_, std::min(2 * retry_, last_retry));
  }

  void drop_when_too_old() {
    if (!config().stale || !resolution_.answered || known().empty()) return;
    if (now() < *resolution_.answered + *config().stale) return;
    log(true, fmt::format("{} has not resolved for {}: its addresses are used no more", endpoint().name(),
                          sluice::format(*config().stale)));
    upstream_->publish(*endpoint_, {});
  }

  void ask_after(Duration pause) {
    const auto jitter = parts_.rng.uniform() * config().jitter.fraction();
    auto when = now() + pause + std::chrono::duration_cast<Duration>(pause * jitter);
    if (!resolution_.failure.empty() && config().stale && resolution_.answered) {
      const auto too_old = *resolution_.answered + *config().stale;
      if (too_old > now()) when = std::min(when, too_old);
    }
    parts_.control.timers().arm(*this, when);
  }

  void log(bool warning, std::string_view text) const {
    parts_.log(warning, fmt::format("upstream {}: {}", upstream_->name(), text));
  }

  void on_timer() noexcept override { ask(); }

  const Parts& parts_;
  const std::shared_ptr<SharedUpstream> upstream_;
  const std::shared_ptr<SharedEndpoint> endpoint_;
  Resolution resolution_;
  Duration retry_ = first_retry;  // after the next failure
};

Discovery::Discovery(Parts parts) : parts_(std::move(parts)) {
  parts_.log = or_process_log(std::move(parts_.log));
}

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
    if (!endpoint->is_named() || followed.contains(endpoint->id())) continue;
    names_.push_back(std::make_shared<Name>(*this, upstream, endpoint));
    names_.back()->ask();
  }
}

void Discovery::remove(const SharedUpstream& upstream) noexcept {
  std::erase_if(names_, [&](const auto& name) { return &name->upstream() == &upstream; });
}

}  // namespace sluice::upstream
