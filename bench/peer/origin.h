#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "poller.h"

namespace sluice::bench {

/// The origin behind the proxy: answers /SIZE and /cacheable/SIZE with a body of that size, whatever the
/// method, and anything else with 404. Reads and drops request bodies that say their length.
class Origin : private Watched {
 public:
  /// Throws std::system_error when the port cannot be had.
  Origin(Poller& poller, std::uint16_t port);
  ~Origin() override;

  /// Requests that it could not read; each cost its connection.
  std::uint64_t bad_requests() const { return bad_requests_; }

 private:
  class Connection;

  void on_ready(std::uint32_t events) override;  ///< the listening socket
  const std::string& response_to(std::string_view target);

  Poller& poller_;
  int listener_;
  std::uint64_t bad_requests_ = 0;
  std::map<std::string, std::string, std::less<>> responses_;  ///< by target, made at its first request
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> free_;
};

}  // namespace sluice::bench
