// The text of one file of a configuration, into a tree.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "conf/reader.h"
#include "conf/tree.h"

namespace sluice::conf {

constexpr Bytes largest_config{16 << 20};

/// As read_text() says, with surroundings that are complete. The index of its root; nothing where nothing
/// useful could be read.
std::optional<std::uint32_t> add_text(const std::shared_ptr<Tree>& tree, std::string_view text,
                                      const std::string& file_name, const Surroundings& surroundings,
                                      Problems& problems);

Problem unreadable(const std::string& path, const Malformed& why);

}  // namespace sluice::conf
