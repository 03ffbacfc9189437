// Host names to addresses, off the workers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/address.h"

namespace sluice::upstream {

class Resolver {
 public:
  using Callback = std::function<void(Result<std::vector<net::Address>>)>;

  virtual ~Resolver() = default;

  /// The addresses of a host, port 0, in the order to try them; never empty. Errors:
  /// Fault::unresolved (no such name), Fault::timed_out or other (no answer). Calls back once, on
  /// any thread, perhaps from inside this call; never after the resolver was destroyed.
  virtual void resolve(std::string host, Callback callback) = 0;
};

/// getaddrinfo on one background thread, one name after the other.
class ThreadResolver final : public Resolver {
 public:
  ThreadResolver();
  ~ThreadResolver() override;
  void resolve(std::string host, Callback callback) override;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

/// Answers from a table, at once; names that are not in it are unresolved. Any thread.
class FixedResolver final : public Resolver {
 public:
  void set(std::string host, Result<std::vector<net::Address>> answer);
  void resolve(std::string host, Callback callback) override;

 private:
  std::mutex mutex_;
  std::map<std::string, Result<std::vector<net::Address>>> answers_;
};

}  // namespace sluice::upstream
