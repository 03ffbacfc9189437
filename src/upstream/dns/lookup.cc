#include "upstream/dns/lookup.h"

#include <algorithm>
#include <utility>

namespace sluice::upstream::dns {
namespace {

void shorten(std::optional<Duration>& ttl, std::optional<Duration> other) {
  if (other) ttl = std::min(ttl.value_or(*other), *other);
}

// What one kind of address says of its end does not end the other's.
Reply merged(std::vector<Outcome>& outcomes, bool empty) {
  Reply all;
  for (auto& outcome : outcomes) {
    if (!outcome.reply || outcome.reply->empty() != empty) continue;
    auto& reply = *outcome.reply;
    std::move(reply.addresses.begin(), reply.addresses.end(), std::back_inserter(all.addresses));
    std::move(reply.services.begin(), reply.services.end(), std::back_inserter(all.services));
    shorten(all.ttl, reply.ttl);
  }
  return all;
}

}  // namespace

void Lookup::start() {
  candidates_ = channel_.candidates(host_);
  ask();
}

void Lookup::ask() {
  outcomes_.clear();
  const auto& name = candidates_[next_++];
  for (const auto type : types_)
    channel_.ask({name, type},
                 [self = shared_from_this()](Outcome outcome) { self->take(std::move(outcome)); });
}

void Lookup::take(Outcome outcome) {
  outcomes_.push_back(std::move(outcome));
  if (outcomes_.size() == types_.size()) judge();
}

void Lookup::judge() {
  if (auto found = merged(outcomes_, false); !found.empty()) return done_({std::move(found), {}});
  const auto failed = std::find_if(outcomes_.begin(), outcomes_.end(),
                                   [](const Outcome& outcome) { return !outcome.reply.has_value(); });
  if (failed != outcomes_.end()) return done_(std::move(*failed));
  if (next_ < candidates_.size()) return ask();
  done_({merged(outcomes_, true), outcomes_.front().why});
}

}  // namespace sluice::upstream::dns
