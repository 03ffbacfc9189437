// Files that are read whole, for start-up and configuration.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/units.h"

namespace sluice {

/// The content of a regular file of at most `most` bytes, or why it cannot be had: "there is no such file",
/// "this is a folder, not a file", "the file is larger than 1MiB". Whatever the path leads to, it neither
/// waits nor reads more than that.
Parsed<std::string> read_regular_file(const std::filesystem::path& path, Bytes most);

}  // namespace sluice
