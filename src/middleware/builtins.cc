#include "middleware/builtins.h"

#include <vector>

#include "middleware/redirect.h"
#include "middleware/refusal.h"
#include "middleware/request_headers.h"
#include "middleware/respond.h"
#include "middleware/response_headers.h"

namespace sluice::middleware {

// The order in which a chain should stand, outermost first; a file may choose another, and the
// route's own keys are placed by proxy::chain_plans() as they are here.
std::span<const MiddlewareKind> builtins() {
  static const std::vector<MiddlewareKind> kinds = {
      // First in, last out: the fields it writes are on every response, on refusals by the others too.
      response_headers_kind(),
      // Around all that may refuse, so that it sees each refusal.
      refusal_kind(),
      // Behind all that judge: its values may name the consumer that an authentication found, and no
      // judge is misled by fields that only the upstream is meant to see.
      request_headers_kind(),
      // The last two answer in place of an upstream, so nothing behind them is asked.
      redirect_kind(),
      respond_kind(),
  };
  return kinds;
}

}  // namespace sluice::middleware
