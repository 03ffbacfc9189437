// An exchange with a request in it, without a network.
#pragma once

#include <chrono>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "http/target.h"
#include "sluice/exchange.h"

namespace sluice::test {

/// GET of http://HOST/TARGET, as the codec would have left it.
class Request {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  explicit Request(std::string_view host = "example.com", std::string_view target = "/", Fields fields = {}) {
    exchange.begin(now_, wall_);
    auto& head = exchange.request;
    Arena& arena = exchange.arena();
    method("GET");
    head.scheme = "http";
    head.authority = head.host = arena.copy(host);
    head.target = arena.copy(target);
    const auto result =
        http::normalise_target(head.target, head.method, arena, {.allow_encoded_slash = true});
    head.path = result.target.path;
    head.query = result.target.query;
    head.has_query = result.target.has_query;
    for (const auto& [name, value] : fields) head.fields.add(name, value);
  }

  Request& method(std::string_view text) {
    exchange.request.method = http::method(text);
    exchange.request.method_text = exchange.arena().copy(text);
    return *this;
  }

  /// Time passes.
  void advance(Duration by) { now_ += by; }

  Exchange& operator*() noexcept { return exchange; }
  Exchange* operator->() noexcept { return &exchange; }

  Exchange exchange;

 private:
  TimePoint now_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace sluice::test
