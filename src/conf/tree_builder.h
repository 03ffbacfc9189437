// yaml-cpp's events to a Tree.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "conf/reader.h"
#include "conf/source.h"
#include "conf/tree.h"

namespace sluice::conf {

/// Adds a text to a tree as one more of its files. Its root, or nothing where its syntax is broken. Events
/// are read rather than yaml-cpp's nodes because those drop duplicate keys and places.
std::optional<std::uint32_t> add_to_tree(const std::shared_ptr<Tree>& tree, const Source& source,
                                         const Surroundings& surroundings, Problems& problems);

}  // namespace sluice::conf
