#include "conf/yaml_words.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <yaml-cpp/exceptions.h>

#include "base/text.h"

namespace sluice::conf {
namespace {

struct Wording {
  std::string_view theirs;
  std::string_view message;
  std::string_view hint;
};

constexpr std::array wordings{
    Wording{"illegal map value", "a key and value cannot begin here", "put a text that holds ': ' in quotes"},
    Wording{"end of map not found", "the indentation does not fit what stands above", ""},
    Wording{"end of sequence not found", "wanted the next '- ' of this list, found something else", ""},
    Wording{"end of map flow not found", "wanted ',' or '}' here", ""},
    Wording{"end of sequence flow not found", "wanted ',' or ']' here", ""},
    Wording{"illegal flow end", "a '}' or ']' that closes nothing", ""},
    Wording{"illegal EOF in scalar", "the quotes are not closed", ""},
    Wording{"unknown token", "a text cannot begin with this character", "put it in quotes"},
    Wording{"illegal tab when looking for indentation", "a tab in the indentation", "indent with spaces"},
    Wording{"the referenced anchor is not defined", "this alias has no anchor",
            "a text that begins with * must be in quotes"},
    Wording{"illegal block entry", "a list item cannot begin here", "put the list on lines of its own"},
    Wording{"illegal map key", "a key cannot begin here", ""},
    Wording{"illegal document indicator in scalar", "the quotes are not closed", ""},
};

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// What the line itself betrays of a value that should stand in quotes.
std::optional<Problem> unquoted(std::string_view theirs, const Source& source, Location where) {
  const auto line = source.line(where.line);
  const auto before = line.substr(0, where.column - 1), after = line.substr(before.size());
  const bool in_flow = has(theirs, "flow not found");
  // YAML allows it, yaml-cpp does not.
  if ((in_flow || theirs == "unknown token") && after.starts_with('?'))
    return source.problem(where, "a ? inside { } or [ ] must be in quotes", "put the whole text in quotes");
  if (in_flow && before.ends_with('$') && after.starts_with('{'))
    return source.problem(where, "a ${…} inside { } or [ ] must be in quotes", "write \"${NAME}\"");
  if (in_flow && (before.ends_with(']') || before.ends_with('}')))
    return source.problem(where, "this does not belong to the brackets before it",
                          "a text that begins with [ or { must be in quotes");
  if (theirs == "end of map not found" && !trim(before).empty())
    return source.problem(where, "this does not belong to the value before it",
                          "put the whole text in quotes");
  return {};
}

Problem at_open_flow(const Source& source, Location open) {
  const auto line = source.line(open.line);
  const bool list = open.column >= 1 && open.column <= line.size() && line[open.column - 1] == '[';
  return source.problem(open, list ? "the '[' here is not closed" : "the '{' here is not closed");
}

}  // namespace

Problem explain(const YAML::Exception& error, const Source& source, Location open) {
  const std::string_view theirs = error.msg;
  const bool placed = !error.mark.is_null() && (error.mark.line > 0 || error.mark.column > 0);
  Location where = source.end();
  if (placed)
    where = {.line = static_cast<std::uint32_t>(error.mark.line + 1),
             .column = static_cast<std::uint32_t>(error.mark.column + 1)};
  // At the end of the file yaml-cpp names no place, or one before the bracket.
  if (has(theirs, "flow not found") && open.line > 0 && (!placed || where <= open))
    return at_open_flow(source, open);
  if (const auto tab = source.tab_before({.line = where.line, .column = where.column}))
    return source.problem({.line = where.line, .column = tab}, "a tab in the indentation",
                          "indent with spaces");
  if (auto problem = unquoted(theirs, source, where)) return std::move(*problem);
  for (const Wording& wording : wordings)
    if (theirs == wording.theirs)
      return source.problem(where, std::string(wording.message), std::string(wording.hint));
  return source.problem(where, "broken YAML: " + std::string(theirs));
}

}  // namespace sluice::conf
