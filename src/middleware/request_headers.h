// request_headers: sets, adds and removes header fields of the request that the upstream gets.
#pragma once

#include "middleware/header_edits.h"
#include "sluice/registry.h"

namespace sluice::middleware {

struct RequestHeaders : HeaderEdits {
  static const conf::ObjectSpec& spec();
};

const MiddlewareKind& request_headers_kind();

}  // namespace sluice::middleware
