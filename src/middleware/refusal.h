// refusal: a body of the user's own for what the gateway refuses, in place of problem+json.
#pragma once

#include <string>

#include "sluice/registry.h"
#include "sluice/template.h"

namespace sluice::middleware {

/// The status, Proxy-Status and the other fields of the refusal stay. The body may hold {status},
/// {reason}, {route} and {request_id}: values that no client can fill with markup.
struct Refusal {
  Template body;
  std::string content_type = "text/plain; charset=utf-8";
  static const conf::ObjectSpec& spec();
};

const MiddlewareKind& refusal_kind();

}  // namespace sluice::middleware
