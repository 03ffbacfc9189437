// Host names to addresses, off the workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/address.h"

namespace sluice::upstream {

/// One place at which a service is to be had (RFC 2782).
struct Service {
  std::string target;  ///< A host name.
  std::uint16_t port = 0;
  std::uint16_t priority = 0;  ///< Those with the lowest come first.
  std::uint16_t weight = 0;    ///< Share among those of the same priority; 0: hardly any.

  friend bool operator==(const Service&, const Service&) = default;
};

/// What became of a question.
template <class T>
struct Answer {
  /// Never empty. Fault::unresolved: there is no such name, or nothing of the kind at it; every other fault:
  /// nobody knows.
  Result<T> found;
  /// For how long that is so; unset where nobody said.
  std::optional<Duration> ttl;
  /// Why nothing was found, for a person: "no such name". May be empty, then the fault says it.
  std::string_view why;
};

/// Any thread. Calls back once, on any thread, perhaps from inside the call; never after the resolver was
/// destroyed.
class Resolver {
 public:
  using OnAddresses = std::function<void(Answer<std::vector<net::Address>>)>;
  using OnServices = std::function<void(Answer<std::vector<Service>>)>;

  virtual ~Resolver() = default;

  /// The addresses of a host, port 0, in the order to try them.
  virtual void resolve(std::string host, OnAddresses callback) = 0;

  /// The places of a service (`_http._tcp.orders.internal`), in the order they came.
  virtual void find_services(std::string name, OnServices callback) = 0;
};

/// Answers from a table, at once; names that are not in it are unresolved. Any thread.
class FixedResolver final : public Resolver {
 public:
  void set(std::string host, Answer<std::vector<net::Address>> answer);
  void set_services(std::string name, Answer<std::vector<Service>> answer);

  void resolve(std::string host, OnAddresses callback) override;
  void find_services(std::string name, OnServices callback) override;

  /// How many questions there were.
  std::size_t asked() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Answer<std::vector<net::Address>>> addresses_;
  std::map<std::string, Answer<std::vector<Service>>> services_;
  std::size_t asked_ = 0;
};

}  // namespace sluice::upstream
