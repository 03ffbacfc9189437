#include "proxy/chain.h"

#include <utility>

namespace sluice::proxy {
namespace {

// Extensions may throw what they like; an exchange then fails alone.
template <class Hook>
Step guarded(Exchange& exchange, Hook hook) noexcept {
  try {
    return hook();
  } catch (...) {
    return exchange.refuse(http::Reason::internal);
  }
}

}  // namespace

void Chain::begin(Exchange& exchange) const { exchange.make_slots(layout_); }

Step Chain::advance(Exchange& exchange, ChainProgress& progress) const noexcept {
  while (progress.seen < middlewares_.size()) {
    auto& middleware = *middlewares_[progress.seen++];
    auto step = guarded(exchange, [&] { return middleware.on_request(exchange); });
    if (step != Step::next) return step;
    progress.passed = progress.seen;
  }
  return Step::next;
}

Task<Step> Chain::decide(Exchange& exchange, ChainProgress& progress) const {
  Step step = Step::wait;
  while (step == Step::wait) {
    try {
      step = co_await middlewares_[progress.seen - 1]->decide(exchange);
      if (step == Step::wait) step = exchange.refuse(http::Reason::internal, "A verdict was put off twice.");
    } catch (...) {
      step = exchange.refuse(http::Reason::internal);
    }
    if (step == Step::reply) co_return step;
    progress.passed = progress.seen;
    step = advance(exchange, progress);
  }
  co_return step;
}

void Chain::respond(Exchange& exchange, const ChainProgress& progress) const noexcept {
  for (std::size_t i = progress.passed; i-- > 0;) {
    guarded(exchange, [&] {
      middlewares_[i]->on_response(exchange);
      return Step::next;
    });
  }
}

void Chain::finish(Exchange& exchange, ChainProgress& progress) const noexcept {
  for (std::size_t i = std::exchange(progress.seen, 0); i-- > 0;) {
    try {
      middlewares_[i]->on_done(exchange);
    } catch (...) {  // the exchange is over: there is nobody left to tell
    }
  }
  progress.passed = 0;
  exchange.destroy_slots();
}

}  // namespace sluice::proxy
