// Edits of header fields: what the request and the response kind have in common.
#pragma once

#include <string>
#include <vector>

#include "conf/binder.h"
#include "http/credentials.h"
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

/// Reports names that are no field names, and those that the gateway must write itself: the framing,
/// the hop-by-hop fields (RFC 9110 section 7.6.1) and Host. `set` is the key that `edits.set` has.
void check_header_names(const HeaderEdits& edits, conf::Scope& scope, std::string_view set = "set");

/// Reports values that need the response.
void check_request_only(const HeaderEdits& edits, conf::Scope& scope);

/// Adds the fields of HeaderEdits to the spec of a struct that has it as its base.
template <class T>
conf::ObjectBuilder<T>& list_edits(conf::ObjectBuilder<T>&& spec) {
  return spec
      .field("set", &HeaderEdits::set,
             "Fields to write, in place of any of that name; values may hold variables.",
             conf::hidden_keys(http::is_credential))
      .field("add", &HeaderEdits::add, "Fields to append, beside those of that name; one value or several.",
             conf::hidden_keys(http::is_credential))
      .field("remove", &HeaderEdits::remove, "Names of fields to take out, before anything is written.")
      .at_least_one({"set", "add", "remove"})
      .check([](const T& edits, conf::Scope& scope) { check_header_names(edits, scope); });
}

/// Header edits as the data path runs them. All values are of the head as it was before the edits,
/// and none can bring a line end into a head.
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
