#include "conf/reader.h"

#include "base/file.h"
#include "conf/expand.h"
#include "conf/source.h"
#include "conf/tree_builder.h"
#include "conf/utf8.h"

namespace sluice::conf {
namespace {

constexpr Bytes largest_config{16 << 20};

/// A file that is not text has no structure to report on.
bool is_text(const Source& source, Problems& problems) {
  const auto text = source.text();
  if (const auto bad = first_not_utf8(text)) {
    problems.add(source.problem(source.locate(*bad), "the file is not UTF-8 text"));
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte >= 0x20 && byte != 0x7F) || byte == '\t' || byte == '\n' || byte == '\r') continue;
    problems.add(source.problem(source.locate(i), "a control character, which YAML does not take"));
    return false;
  }
  return true;
}

}  // namespace

Node read_text(std::string_view text, const std::string& file_name, Problems& problems,
               const Surroundings& surroundings) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  const Source source(text, file_name);
  if (!is_text(source, problems)) return {};
  auto tree = build_tree(source, with_defaults(surroundings), problems);
  if (!tree) return {};
  return {std::move(tree), 0};
}

Node read_file(const std::string& path, Problems& problems, const Surroundings& surroundings) {
  const auto text = read_regular_file(path, largest_config);
  if (text) return read_text(*text, path, problems, surroundings);
  Problem problem;
  problem.file = path;
  problem.message = text.error().message;
  problems.add(std::move(problem));
  return {};
}

}  // namespace sluice::conf
