// YAML text to located nodes.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "conf/node.h"

namespace sluice::conf {

/// What the text of ${…} is looked up in; the process's own by default. Tests give their own.
struct Surroundings {
  std::function<std::optional<std::string>(std::string_view name)> environment;
  /// For ${file:path}, by the path made absolute against the configuration file's directory; of at most 1
  /// MiB.
  std::function<Parsed<std::string>(const std::filesystem::path& path)> file;
};

/// Reads one YAML 1.2 document. Everything wrong with it goes to `problems` with its place; returns an
/// absent node where nothing useful could be read, else the root (whose problems may still be many).
///
/// Refused, each with its place: tabs as indentation, more than one document, duplicate keys, merge keys
/// (`<<`), keys that are not plain text, tags, bytes that are not UTF-8. Anchors and aliases work.
///
/// In scalar values ${NAME} is the environment variable (it is an error if there is none),
/// ${NAME:-default} has a default for one that is missing or empty, ${file:path} is the content of a
/// regular file without its last line end, $${ is a literal ${. What they give is not expanded again.
///
/// Hostile files end soon: at 100 levels, at a million values, and at 64 MiB of text, each with what aliases
/// and ${…} stand for.
Node read_text(std::string_view text, const std::string& file_name, Problems& problems,
               const Surroundings& surroundings = {});

/// The same of a regular file of at most 16 MiB.
Node read_file(const std::string& path, Problems& problems, const Surroundings& surroundings = {});

}  // namespace sluice::conf
