#include "conf/expand.h"

#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "conf/utf8.h"

namespace sluice::conf {
namespace {

constexpr std::string_view file_prefix = "file:";
constexpr Bytes largest_file{1 << 20};
constexpr std::size_t largest_value = 1 << 20;

std::optional<std::string> process_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

Parsed<std::string> file_system(const std::filesystem::path& path) {
  return read_regular_file(path, largest_file);
}

bool is_name(std::string_view text) {
  if (text.empty() || is_digit(text[0])) return false;
  for (const char c : text)
    if (!is_alpha(c) && !is_digit(c) && c != '_') return false;
  return true;
}

Parsed<std::string> from_file(std::string_view name, const Surroundings& surroundings,
                              const std::filesystem::path& folder) {
  if (name.empty()) return Malformed{"wanted ${file:path}, found no path"};
  const auto path = folder / name;
  auto content = surroundings.file(path);
  if (!content) return Malformed{in_quotes(path.string(), 200) + ": " + content.error().message};
  if (content->ends_with('\n')) content->pop_back();
  if (content->ends_with('\r')) content->pop_back();
  return std::move(*content);
}

Parsed<std::string> from_environment(std::string_view inside, const Surroundings& surroundings) {
  const auto colon = inside.find(":-");
  const auto name = inside.substr(0, colon);
  if (!is_name(name))
    return Malformed{"wanted ${NAME}, ${NAME:-default} or ${file:path}, found " +
                     in_quotes("${" + std::string(inside) + "}") + "; a ${ that means itself is written $${"};
  auto value = surroundings.environment(name);
  if (colon != std::string_view::npos && (!value || value->empty()))
    return std::string(inside.substr(colon + 2));
  if (!value)
    return Malformed{"the environment has no variable " + std::string(name) + "; a default is written ${" +
                     std::string(name) + ":-default}"};
  return std::move(*value);
}

void append_doubling_braces(std::string_view value, std::string& out) {
  for (const char c : value) out.append(c == '{' || c == '}' ? 2 : 1, c);
}

}  // namespace

Surroundings with_defaults(Surroundings surroundings) {
  if (!surroundings.environment) surroundings.environment = process_environment;
  if (!surroundings.file) surroundings.file = file_system;
  return surroundings;
}

bool has_placeholder(std::string_view text) noexcept { return text.find("${") != std::string_view::npos; }

Parsed<Expanded> expand(std::string_view text, const Surroundings& surroundings,
                        const std::filesystem::path& folder) {
  Expanded out;
  const auto append = [&out](std::string_view literal) {
    out.text += literal;
    out.template_text += literal;
  };
  for (auto at = text.find("${"); at != std::string_view::npos; at = text.find("${")) {
    if (at > 0 && text[at - 1] == '$') {
      append(text.substr(0, at - 1));
      append("${");
      text.remove_prefix(at + 2);
      continue;
    }
    const auto close = text.find('}', at);
    if (close == std::string_view::npos)
      return Malformed{"a ${ is not closed; one that means itself is written $${"};
    const auto inside = text.substr(at + 2, close - at - 2);
    const auto value = inside.starts_with(file_prefix)
                           ? from_file(inside.substr(file_prefix.size()), surroundings, folder)
                           : from_environment(inside, surroundings);
    if (!value) return value.error();
    if (first_not_utf8(*value))
      return Malformed{"what " + in_quotes("${" + std::string(inside) + "}") +
                       " stands for is not UTF-8 text"};
    append(text.substr(0, at));
    out.text += *value;
    append_doubling_braces(*value, out.template_text);
    if (out.text.size() > largest_value) return Malformed{"what this stands for is larger than 1MiB"};
    text.remove_prefix(close + 1);
  }
  append(text);
  return out;
}

}  // namespace sluice::conf
