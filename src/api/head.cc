#include "sluice/head.h"

namespace sluice {

void RequestHead::clear() noexcept {
  method = http::Method::other;
  version = http::Version::http_1_1;
  method_text = scheme = authority = host = target = path = query = {};
  has_query = false;
  body = {};
  fields.clear();
}

void ResponseHead::clear() noexcept {
  status = 0;
  version = http::Version::http_1_1;
  reason = {};
  body = {};
  fields.clear();
}

}  // namespace sluice
