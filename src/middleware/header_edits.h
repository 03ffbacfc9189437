// Edits of header fields: what the request and the response kind have in common.
#pragma once

#include <string>
#include <vector>

#include "conf/binder.h"
#include "sluice/exchange.h"
#include "sluice/header_block.h"
#include "sluice/template.h"

namespace sluice::middleware {

/// What to do with the fields of a head: `remove` first, then `set`, then `add`.
struct HeaderEdits {
  conf::NamedList<Template> set;
  conf::NamedList<std::vector<Template>> add;
  std::vector<std::string> remove;
};

/// The fields of HeaderEdits and the checks of their names, for the spec of a kind.
/// `response`: templates may use {status}.
void list_fields(conf::ObjectBuilder<HeaderEdits>&);

/// Header edits with names resolved to tokens. Values never bring a line end into a head.
class CompiledEdits {
 public:
  explicit CompiledEdits(const HeaderEdits& edits);
  void apply(Exchange& exchange, HeaderBlock& fields) const;

 private:
  struct Edit {
    FieldName token;
    std::string name;
    Template value;
  };
  std::vector<Edit> remove_, set_, add_;
};

}  // namespace sluice::middleware
