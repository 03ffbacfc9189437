// Which requests a route takes, as the configuration says it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/binder.h"

namespace sluice::proxy {

/// A demand on the value of a header field or query parameter: `x-beta: "1"`, `x-beta: { regex: "^v[12]$" }`,
/// `x-beta: { present: true }`.
struct ValueMatch {
  std::optional<std::string> exact;
  std::optional<std::string> regex;  ///< RE2, must match the whole value.
  std::optional<bool> present;       ///< false: the field must not be there.
  static const conf::ObjectSpec& spec();
  friend bool operator==(const ValueMatch&, const ValueMatch&) = default;
};

/// All that is written must hold; of several hosts, paths or methods, one. Empty lists demand nothing.
struct RouteMatch {
  std::vector<conf::Located<std::string>> host;  ///< `api.example.com` or `*.example.com`.
  std::vector<conf::Located<std::string>> path;  ///< `/exact` or `/prefix/*`, which takes `/prefix` too.
  std::optional<conf::Located<std::string>> path_regex;  ///< RE2, must match the whole path.
  std::vector<conf::Located<std::string>> method;        ///< GET stands for HEAD too.
  conf::NamedList<ValueMatch> header;
  conf::NamedList<ValueMatch> query;
  conf::Node where;
  static const conf::ObjectSpec& spec();
};

/// What to say of an expression that RE2 does not take. `error`, its own words, repeats parts of the
/// expression, which are not shown where a ${…} stands for it.
std::string fault_of_regex(const std::string& error, const conf::Node& where);

}  // namespace sluice::proxy
