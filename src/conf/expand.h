// ${…} in scalar values.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/units.h"
#include "conf/reader.h"

namespace sluice::conf {

/// Whether there is anything to expand: a `${`.
bool has_placeholder(std::string_view text) noexcept;

struct Expanded {
  std::string text;
  std::string template_text;  ///< The same; the braces of what came in are doubled.
};

/// The text with every placeholder replaced; see read_text for what there is. Paths are relative to
/// `folder`.
Parsed<Expanded> expand(std::string_view text, const Surroundings& surroundings,
                        const std::filesystem::path& folder);

/// The process's own environment and file system, in place of functions that are not set.
Surroundings with_defaults(Surroundings surroundings);

}  // namespace sluice::conf
