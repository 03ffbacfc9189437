// response_headers: sets, adds and removes header fields of the response on its way to the client.
#pragma once

#include "middleware/header_edits.h"
#include "sluice/registry.h"

namespace sluice::middleware {

struct ResponseHeaders : HeaderEdits {
  static const conf::ObjectSpec& spec();
};

const MiddlewareKind& response_headers_kind();

}  // namespace sluice::middleware
