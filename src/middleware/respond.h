// respond: answers directly with a fixed status and body.
#pragma once

#include <string>

#include "conf/binder.h"
#include "sluice/registry.h"
#include "sluice/template.h"

namespace sluice::middleware {

struct Respond {
  int status = 200;  ///< 200 to 599.
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  conf::NamedList<Template> headers;
  static const conf::ObjectSpec& spec();
};

const MiddlewareKind& respond_kind();

}  // namespace sluice::middleware
