#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::bench {

/// The body's size in bytes that the last segment of a path names: /1k is 1024, /1m is 1048576,
/// /cacheable/300 is 300. Nothing when it names none, or one above 64 MiB.
std::optional<std::size_t> body_size(std::string_view path);

/// True for paths under /cacheable/: the origin lets them be stored, and the client sends no Authorization.
inline bool is_cacheable(std::string_view path) { return path.starts_with("/cacheable/"); }

}  // namespace sluice::bench
