#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "arrivals.h"
#include "options.h"
#include "poller.h"
#include "recorder.h"
#include "tls.h"

namespace sluice::bench {

/// The clients of the proxy: `connections` of them, each with at most one request under way.
///
/// In a closed loop a connection sends its next request as soon as it has its answer. At a fixed rate a
/// request is sent when it is due, or, when no connection is free then, by the next one that is; its latency
/// runs from the moment it was due, so that a stall of the proxy is felt by all who would have asked
/// meanwhile.
class Client {
 public:
  Client(Poller& poller, const Options& options, Recorder& recorder);
  ~Client();

  /// Opens the connections; requests begin. `end`: no paced request is due at or after it.
  void start(Time now, Time end);

  /// Does what is due by now. To be called after every wait; returns when it must be called next at the
  /// latest.
  Time tick(Time now);

  /// No further request begins.
  void stop() { stopped_ = true; }

  /// Counts paced requests that are still under way or unsent as faults, with the latency they have by now.
  void give_up(Time now);

  /// A paced request that was due before the end is under way or not even sent.
  bool owes_requests() const { return under_way_ > 0 || arrivals_->next() < end_; }

  std::size_t held() const { return held_; }  ///< idle mode: open connections that have had their answer

 private:
  class Connection;
  friend class Connection;

  void on_free(Connection& connection, Time now);  ///< open or closed, ready for a request
  void on_failure(Connection& connection, Fault fault, Time now);
  void send_due(Time now);
  void open_more(Time now);
  void sweep(Time now);
  bool paced() const { return arrivals_.has_value(); }

  Poller& poller_;
  const Options& options_;
  Recorder& recorder_;
  std::optional<Tls> tls_;
  std::string request_;
  std::optional<std::size_t> expected_body_;
  std::optional<Arrivals> arrivals_;
  Time end_{};
  Time next_sweep_{};
  bool stopped_ = false;
  std::size_t under_way_ = 0;
  std::size_t held_ = 0;
  std::size_t opened_ = 0;  ///< idle mode: connections begun so far
  unsigned next_source_ = 0;
  std::deque<Connection> connections_;
  std::deque<Connection*> free_;  ///< paced: the one that rested longest is at the front
};

}  // namespace sluice::bench
