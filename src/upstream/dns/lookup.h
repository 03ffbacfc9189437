// One name on its way to an answer: several questions, and several names that it may mean.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "upstream/dns/cares_channel.h"

namespace sluice::upstream::dns {

/// Keeps itself alive through what it has asked. The thread of its channel, which outlives it.
class Lookup final : public std::enable_shared_from_this<Lookup> {
 public:
  /// Asks for all of the types at once, of one name that the host may mean after the other, until one has
  /// something; a name that cannot be asked for ends the search, so that a name server that fails does not
  /// lead to another host. Calls back once, perhaps from inside start().
  Lookup(CaresChannel& channel, std::string host, std::span<const Type> types, CaresChannel::OnOutcome done)
      : channel_(channel), host_(std::move(host)), types_(types), done_(std::move(done)) {}

  void start();

 private:
  void ask();
  void take(Outcome outcome);
  void judge();

  CaresChannel& channel_;
  const std::string host_;
  const std::span<const Type> types_;
  const CaresChannel::OnOutcome done_;
  std::vector<std::string> candidates_;
  std::size_t next_ = 0;  // of candidates_
  std::vector<Outcome> outcomes_;
};

}  // namespace sluice::upstream::dns
