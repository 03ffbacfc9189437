// yaml-cpp's events to a Tree.
#pragma once

#include <memory>

#include "conf/reader.h"
#include "conf/source.h"
#include "conf/tree.h"

namespace sluice::conf {

/// The tree of a text, null where its syntax is broken. Events are read rather than yaml-cpp's nodes
/// because those drop duplicate keys and places.
std::shared_ptr<const Tree> build_tree(const Source& source, const Surroundings& surroundings,
                                       Problems& problems);

}  // namespace sluice::conf
