#include "upstream/connect_race.h"

#include <algorithm>
#include <utility>

namespace sluice::upstream {
namespace {

// Another address would fare no better.
bool is_ours(Fault fault) { return fault == Fault::no_descriptors || fault == Fault::no_memory; }

}  // namespace

ConnectRace::ConnectRace(net::Loop& loop, const std::vector<net::Address>& addresses,
                         std::vector<Contestant>& contestants, const DialLimits& limits)
    : CancelPoint(limits.canceller),
      loop_(loop),
      addresses_(addresses),
      contestants_(contestants),
      limits_(limits) {}

Task<Result<ConnectRace::Winner>> ConnectRace::run() {
  begin_next();
  co_await attempts_.join();
  detach();
  if (winner_) co_return std::move(*winner_);
  co_return error_;
}

// The timer is set before the attempt begins: one that fails at once begins the next itself.
void ConnectRace::begin_next() {
  disarm();
  if (over_ || next_ == contestants_.size() || loop_.now() >= limits_.deadline) return;
  auto& contestant = contestants_[next_++];
  if (next_ != contestants_.size()) loop_.timers().arm(*this, loop_.now() + attempt_delay);
  attempts_.spawn(attempt(contestant));
}

Task<void> ConnectRace::attempt(Contestant& contestant) {
  contestant.state = Contestant::State::running;
  auto begun = loop_.network().connect(addresses_[contestant.index], net::ConnectOptions{});
  if (!begun) {
    fail(contestant, begun.error());
    co_return;
  }
  Attempt self{contestant, std::move(*begun), loop_.now()};
  under_way_.push_back(&self);
  net::Deadline deadline(loop_);
  deadline.set(*self.transport, std::min(self.began + limits_.timeout, limits_.deadline));
  const auto connected = co_await self.transport->connected();
  std::erase(under_way_, &self);
  if (connected && !over_) {
    win(self);
  } else if (!connected) {
    fail(contestant, connected.error());
  }
}

void ConnectRace::win(Attempt& attempt) {
  attempt.contestant.state = Contestant::State::won;
  winner_ = Winner{std::move(attempt.transport), attempt.contestant.index, attempt.began};
  give_up_rest();
}

void ConnectRace::fail(Contestant& contestant, Error error) {
  if (over_) return;
  contestant.state = Contestant::State::failed;
  error_ = error;
  if (is_ours(error.fault)) return give_up_rest();
  begin_next();
}

void ConnectRace::give_up_rest() noexcept {
  over_ = true;
  disarm();
  for (auto* attempt : under_way_) {
    attempt->contestant.state = Contestant::State::overtaken;
    attempt->transport->abort(Fault::cancelled);
  }
}

void ConnectRace::on_cancel() noexcept {
  error_ = {Fault::cancelled};
  give_up_rest();
}

}  // namespace sluice::upstream
