// A middleware: up to four hooks around the forwarding of a request.
//
//   on_request   judges the request head; must not block
//   decide       completes a verdict of `wait` (a key to fetch, a shared store to ask)
//   on_response  sees the response head on its way out, innermost first
//   on_done      exactly once for each exchange that this middleware has seen, after the last byte
//                or the failure, in reverse order
//
// The middleware that replied does not see its own on_response; those outside it do.
#pragma once

#include <string_view>

#include "base/task.h"
#include "sluice/exchange.h"

namespace sluice {

/// One instance a chain and worker, so it needs no lock. What workers share it holds by reference.
class Middleware {
 public:
  virtual ~Middleware() = default;

  virtual Step on_request(Exchange&) { return Step::next; }
  virtual Task<Step> decide(Exchange&) { co_return Step::next; }
  virtual void on_response(Exchange&) {}
  virtual void on_done(Exchange&) {}
};

}  // namespace sluice
