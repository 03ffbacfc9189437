#include "conf/include.h"

#include <filesystem>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "conf/expand.h"
#include "conf/merge.h"
#include "conf/text_file.h"
#include "conf/tree.h"

namespace sluice::conf {
namespace {

constexpr std::size_t most_files = 10'000;
constexpr Bytes largest_sum{64 << 20};

class ConfigReader {
 public:
  ConfigReader(const ObjectSpec& spec, Problems& problems, Sources& sources, const Surroundings& surroundings)
      : merge_(tree_, spec, problems),
        problems_(problems),
        sources_(sources),
        surroundings_(with_defaults(surroundings)) {
    surroundings_.file = [this, inner = std::move(surroundings_.file)](const std::filesystem::path& path) {
      sources_.add(path);
      return inner(path);
    };
  }

  Node read(std::string_view text, const std::string& name) {
    if (!add_text(tree_, text, name, surroundings_, problems_)) return {};
    note_read(name);
    folder_ = std::filesystem::path(name).parent_path();
    const Node root(tree_, 0);
    const Node include = root.find(include_key);
    if (include.is_scalar()) take(include);
    if (include.is_list()) {
      for (const Node& one : include) take(one);
    }
    return root;
  }

 private:
  void take(const Node& written);
  std::vector<std::string> files_of(const Node& written);
  bool is_new(const std::string& path);
  void note_read(const std::string& path);
  void add(const std::string& path, const Node& written);
  void fail(const Node& written, std::string message) {
    problems_.add(written, std::move(message));
    merge_.leave_open();
  }

  const std::shared_ptr<Tree> tree_ = std::make_shared<Tree>();
  Merge merge_;
  Problems& problems_;
  Sources& sources_;
  Surroundings surroundings_;
  std::filesystem::path folder_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> read_;  // by device and inode
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

// What the binder will complain of is left to it.
void ConfigReader::take(const Node& written) {
  if (written.style() == Node::Style::broken) return merge_.leave_open();
  if (!written.is_scalar() || written.text().empty() || written.text().find('\0') != std::string_view::npos)
    return;
  for (const auto& path : files_of(written)) {
    if (++count_ > most_files) return fail(written, "more than 10000 files are included");
    if (is_new(path)) add(path, written);
  }
}

std::vector<std::string> ConfigReader::files_of(const Node& written) {
  const std::filesystem::path path(written.text());
  if (!is_pattern(written.text())) return {(folder_ / path).string()};
  const auto pattern =
      path.is_absolute() ? path.string() : (escape_pattern(folder_.string()) / path).string();
  auto matches = match_paths(pattern);
  // A pattern may match nothing; a folder that is gone takes away what was included.
  const auto folder = path.parent_path().string();
  std::error_code unknown;
  if (folder.find('\\') == std::string::npos && !is_pattern(folder) &&
      !std::filesystem::is_directory(folder_ / folder, unknown))
    fail(written, "there is no folder " + in_quotes((folder_ / folder).string(), 200));
  if (!matches.complete) fail(written, "not all folders that this looks into can be read");
  sources_.add_pattern(pattern, matches.paths);
  return std::move(matches.paths);
}

void ConfigReader::note_read(const std::string& path) {
  const auto stamp = stamp_of(path);
  if (stamp.exists) read_.emplace(stamp.device, stamp.inode);
}

// A file that is not there is new: reading it says so.
bool ConfigReader::is_new(const std::string& path) {
  const auto stamp = stamp_of(path);
  return !stamp.exists || read_.emplace(stamp.device, stamp.inode).second;
}

void ConfigReader::add(const std::string& path, const Node& written) {
  sources_.add(path);
  auto text = read_regular_file(path, largest_config);
  if (!text) return fail(written, in_quotes(path, 200) + ": " + text.error().message);
  bytes_ += text->size();
  if (bytes_ > largest_sum.count) return fail(written, "the files are larger than 64MiB together");
  const auto root = add_text(tree_, *text, path, surroundings_, problems_);
  if (!root) return merge_.leave_open();
  if (const Node nested = Node(tree_, *root).find(include_key))
    problems_.add(nested, "an included file includes no others", "name them in the main file's include");
  merge_.add(*root);
}

}  // namespace

Node read_config_text(std::string_view text, const std::string& name, const ObjectSpec& spec,
                      Problems& problems, Sources& sources, const Surroundings& surroundings) {
  return ConfigReader(spec, problems, sources, surroundings).read(text, name);
}

Node read_config(const std::string& path, const ObjectSpec& spec, Problems& problems, Sources& sources,
                 const Surroundings& surroundings) {
  sources.add(path);
  const auto text = read_regular_file(path, largest_config);
  if (text) return read_config_text(*text, path, spec, problems, sources, surroundings);
  problems.add(unreadable(path, text.error()));
  return {};
}

}  // namespace sluice::conf
