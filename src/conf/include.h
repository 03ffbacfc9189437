// A configuration of several files as one tree.
#pragma once

#include <string>
#include <string_view>

#include "conf/binder.h"
#include "conf/sources.h"

namespace sluice::conf {

/// Reads a configuration file and what its top-level key `include` names: paths or patterns, relative to the
/// file's folder, in the order they are written; what a pattern matches in the order of the names. Each file
/// is read once, however many patterns match it; a pattern that matches the main file leaves it out.
///
/// The files together are one map. Of `spec`'s keys those that are lists get the items of all files, one
/// file's behind the other's; maps of names are merged, each name once; all others are given once. Included
/// files include no others. What is wrong goes to `problems`, each in its own file; where a file could not be
/// read, the parts that it may have added to are incomplete(). Absent where the main file cannot be read.
///
/// Every file that was read or looked for is noted in `sources`, with those of ${file:…}. The limits of
/// read_text() hold over all files together; there are at most 10,000, of 64 MiB together.
Node read_config(const std::string& path, const ObjectSpec& spec, Problems& problems, Sources& sources,
                 const Surroundings& surroundings = {});

/// The same with the text of the main file, which `name` stands for.
Node read_config_text(std::string_view text, const std::string& name, const ObjectSpec& spec,
                      Problems& problems, Sources& sources, const Surroundings& surroundings = {});

}  // namespace sluice::conf
