#include "conf/sources.h"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file.h"

namespace sluice::conf {
namespace {

constexpr Bytes kLargestFile{16 << 20};
constexpr std::string_view kSpecial = "*?[";

std::string made_absolute(const std::filesystem::path& path) {
  std::error_code ignored;  // without a working directory the relative path must do
  const auto whole = std::filesystem::absolute(path, ignored);
  return (whole.empty() ? path : whole).string();
}

// FNV-1a.
class Digest {
 public:
  void add(std::string_view text) noexcept {
    for (const char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3;
    value_ = (value_ ^ 0xFF) * 0x100'0000'01B3;
  }
  std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_ = 0xCBF2'9CE4'8422'2325;
};

struct Globbed {
  Globbed() = default;
  Globbed(const Globbed&) = delete;
  Globbed& operator=(const Globbed&) = delete;
  ~Globbed() { globfree(&found); }
  glob_t found{};
};

}  // namespace

void Sources::add(const std::filesystem::path& file) {
  auto path = made_absolute(file);
  const auto stamp = stamp_of(path);
  files_.try_emplace(std::move(path), stamp);
}

void Sources::add_pattern(const std::filesystem::path& pattern, std::vector<std::string> matches) {
  for (auto& match : matches) match = made_absolute(match);
  patterns_.try_emplace(made_absolute(pattern), std::move(matches));
}

Sources Sources::again() const {
  Sources now;
  for (const auto& [path, stamp] : files_) now.files_.emplace_hint(now.files_.end(), path, stamp_of(path));
  for (const auto& [pattern, matches] : patterns_) now.patterns_[pattern] = match_paths(pattern).paths;
  return now;
}

std::uint64_t content_digest(const Sources& sources) {
  Digest digest;
  for (const auto& [path, stamp] : sources.files()) {
    digest.add(path);
    const auto content = read_regular_file(path, kLargestFile);
    digest.add(content ? *content : content.error().message);
  }
  for (const auto& [pattern, matches] : sources.patterns()) {
    digest.add(pattern);
    for (const auto& path : match_paths(pattern).paths) digest.add(path);
  }
  return digest.value();
}

bool is_pattern(std::string_view path) noexcept { return path.find_first_of(kSpecial) != path.npos; }

std::string escape_pattern(std::string_view path) {
  std::string escaped;
  for (const char c : path) {
    if (c == '\\' || kSpecial.find(c) != kSpecial.npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

Matches match_paths(const std::string& pattern) {
  Globbed globbed;
  // What is not there is no match, and no fault.
  const auto is_fault = [](const char*, int error) -> int { return error != ENOENT && error != ENOTDIR; };
  const int outcome = glob(pattern.c_str(), GLOB_NOSORT, is_fault, &globbed.found);
  Matches matches{.paths = {}, .complete = outcome == 0 || outcome == GLOB_NOMATCH};
  for (std::size_t i = 0; i < globbed.found.gl_pathc; ++i)
    matches.paths.emplace_back(globbed.found.gl_pathv[i]);
  std::sort(matches.paths.begin(), matches.paths.end());
  return matches;
}

}  // namespace sluice::conf
