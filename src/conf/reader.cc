#include "conf/reader.h"

#include "base/file.h"
#include "conf/expand.h"
#include "conf/source.h"
#include "conf/text_file.h"
#include "conf/tree_builder.h"
#include "conf/utf8.h"

namespace sluice::conf {
namespace {

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

std::optional<std::uint32_t> add_text(const std::shared_ptr<Tree>& tree, std::string_view text,
                                      const std::string& file_name, const Surroundings& surroundings,
                                      Problems& problems) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  const Source source(text, file_name);
  if (!is_text(source, problems)) return {};
  return add_to_tree(tree, source, surroundings, problems);
}

Problem unreadable(const std::string& path, const Malformed& why) {
  Problem problem;
  problem.file = path;
  problem.message = why.message;
  return problem;
}

Node read_text(std::string_view text, const std::string& file_name, Problems& problems,
               const Surroundings& surroundings) {
  auto tree = std::make_shared<Tree>();
  if (!add_text(tree, text, file_name, with_defaults(surroundings), problems)) return {};
  return {std::move(tree), 0};
}

Node read_file(const std::string& path, Problems& problems, const Surroundings& surroundings) {
  const auto text = read_regular_file(path, largest_config);
  if (text) return read_text(*text, path, problems, surroundings);
  problems.add(unreadable(path, text.error()));
  return {};
}

}  // namespace sluice::conf
