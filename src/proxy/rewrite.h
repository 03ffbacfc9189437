// What path the upstream gets in place of the one that was asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "conf/binder.h"
#include "http/reason.h"
#include "sluice/exchange.h"
#include "sluice/template.h"

namespace sluice::proxy {

/// Exactly one of the three.
struct RewriteConfig {
  std::optional<std::string>
      path_prefix;               ///< Takes the place of what stands before the `*` of the route's path.
  std::optional<Template> path;  ///< The whole path.
  std::optional<std::string> path_regex;    ///< RE2; the first match in the path is replaced by …
  std::optional<std::string> substitution;  ///< … this, where \1 to \9 are what groups matched.
  conf::Node where;
  static const conf::ObjectSpec& spec();
};

/// Compiled, immutable, shared by workers.
class Rewrite {
 public:
  explicit Rewrite(const RewriteConfig& config);
  Rewrite(Rewrite&&) noexcept;
  Rewrite& operator=(Rewrite&&) noexcept;
  ~Rewrite();

  /// Sets request.path, in the exchange's arena; the query stays. To be called once the chain has
  /// judged the request, which therefore sees the path that the client asked for. The new path is in
  /// normal form; refused (invalid_target) where it would climb above the root.
  [[nodiscard]] http::Refusal apply(Exchange& exchange) const;

 private:
  enum class Kind : std::uint8_t { path, prefix, regex };
  struct Regex;
  std::string_view with_prefix(Exchange& exchange) const;
  std::string_view substituted(Exchange& exchange) const;

  Kind kind_ = Kind::path;
  Template path_;
  std::string prefix_;  ///< Without slashes at its end.
  std::unique_ptr<Regex> regex_;
};

}  // namespace sluice::proxy
