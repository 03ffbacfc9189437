#include "conf/problem.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "conf/node.h"

namespace sluice::conf {
namespace {

constexpr std::size_t most_problems = 200;

}  // namespace

std::string one_line(const Problem& problem) {
  std::string out = problem.file;
  if (problem.line > 0)
    out.append(":").append(std::to_string(problem.line)).append(":").append(std::to_string(problem.column));
  if (!out.empty()) out += ": ";
  if (!problem.path.empty()) out.append(problem.path).append(": ");
  out += problem.message;
  if (!problem.hint.empty()) out.append("; ").append(problem.hint);
  return out;
}

bool Problems::full() const noexcept { return problems_.size() == most_problems; }

void Problems::add(Problem problem) {
  if (full()) {
    ++more_;
  } else {
    problems_.push_back(std::move(problem));
  }
}

void Problems::add(const Node& where, std::string message, std::string hint) {
  if (full()) {
    ++more_;
    return;
  }
  const Location at = where.location();
  problems_.push_back({.file = std::string(where.file()),
                       .line = at.line,
                       .column = at.column,
                       .path = where.path(),
                       .message = std::move(message),
                       .hint = std::move(hint)});
}

std::vector<Problem> Problems::sorted() const {
  auto all = problems_;
  std::stable_sort(all.begin(), all.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
  });
  return all;
}

std::string Problems::text() const {
  std::string out;
  for (const Problem& problem : sorted()) out.append(one_line(problem)).append("\n");
  if (more_ != 0) out.append("and ").append(std::to_string(more_)).append(" more\n");
  return out;
}

std::string Problems::json() const {
  auto out = nlohmann::ordered_json::array();
  for (const Problem& problem : sorted()) {
    nlohmann::ordered_json one{{"file", problem.file},
                               {"line", problem.line},
                               {"column", problem.column},
                               {"path", problem.path},
                               {"problem", problem.message}};
    if (!problem.hint.empty()) one["hint"] = problem.hint;
    out.push_back(std::move(one));
  }
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string suggest(std::string_view found, const std::vector<std::string_view>& names) {
  if (const auto near = nearest(found, names)) return "did you mean '" + std::string(*near) + "'?";
  constexpr std::size_t few = 12;
  if (names.empty() || names.size() > few) return {};
  return (names.size() == 1 ? "there is only " : "there are ") + join(names);
}

}  // namespace sluice::conf
