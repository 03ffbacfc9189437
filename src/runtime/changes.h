// What sets one configuration apart from another, part by part.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "runtime/config.h"

namespace sluice::runtime {

/// A named piece of a configuration. Equal contents are equal settings, secrets included, wherever they stand
/// and whether defaults are written or not.
struct Part {
  std::string name;
  std::uint64_t content = 0;

  friend bool operator==(const Part&, const Part&) = default;
};

/// A configuration by its parts, each list in the order of the file.
struct Parts {
  std::vector<Part> listeners, upstreams, middlewares, routes;  ///< Upstreams without their endpoints.
  std::vector<Part> endpoints;                                  ///< By upstream.
  std::vector<Part> settings;                                   ///< The other keys of the top level, by name.
  std::vector<Part> start_settings;  ///< Those of them that hold from one start of the process to the next.

  /// Null where there is none of this name. They may be 100,000: for a few lookups only.
  static const Part* find(const std::vector<Part>& parts, std::string_view name) noexcept;
};

/// Without what files of endpoints say.
Parts parts_of(const Config& config);

/// Of endpoints, for their Part.
std::uint64_t content_of(const std::vector<upstream::EndpointConfig>& endpoints);

/// By name.
struct PartChanges {
  std::vector<std::string> added, changed, removed;

  bool none() const noexcept { return added.empty() && changed.empty() && removed.empty(); }
};

/// What a reload changes; everything that is not named keeps its connections, its health, its state.
struct Changes {
  PartChanges listeners, upstreams, middlewares, routes;
  std::vector<std::string> endpoints;      ///< Upstreams that go on with other endpoints.
  std::vector<std::string> settings;       ///< Keys of the top level whose settings are others now.
  std::vector<std::string> at_next_start;  ///< The same of those that a reload cannot change.

  bool none() const noexcept;
  /// "3 routes changed, 1 upstream added, 0 streams cut, 0 counters reset"; a reload never cuts or resets
  /// any.
  std::string summary() const;
  /// The names, a line each, and the summary.
  std::string text() const;
};

Changes changes_between(const Parts& before, const Parts& after);

/// {"routes": {"added": [], …}, …}
nlohmann::ordered_json to_json(const Changes& changes);

}  // namespace sluice::runtime
