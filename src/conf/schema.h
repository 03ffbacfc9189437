// JSON Schema and docs from the same field lists.
#pragma once

#include <string>
#include <string_view>

#include "conf/binder.h"

namespace sluice::conf {

/// JSON Schema, draft 2020-12, of a configuration file; each struct is one of $defs. What ${…} may stand
/// for is permitted wherever a scalar is.
Json schema(const ObjectSpec& root, std::string_view title, std::string_view id, const Catalog& catalog);

/// A heading and a table of options (key, type, default, bounds, what it does) for each struct that the
/// root reaches, in the order of reaching. GitHub-flavoured Markdown.
std::string markdown(const ObjectSpec& root, const Catalog& catalog);

}  // namespace sluice::conf
