// redirect: answers with a Location (RFC 9110 section 15.4).
#pragma once

#include "sluice/registry.h"
#include "sluice/template.h"

namespace sluice::middleware {

/// `to` begins with a scheme and a host, with "/" or with {path}, so that no request can choose the
/// host it redirects to; the spec checks that.
struct Redirect {
  Template to;
  int status = 308;        ///< 301, 302, 303, 307 or 308.
  bool keep_query = true;  ///< Appends the request's query where `to` has neither "?" nor "#".
  static const conf::ObjectSpec& spec();
};

const MiddlewareKind& redirect_kind();

}  // namespace sluice::middleware
