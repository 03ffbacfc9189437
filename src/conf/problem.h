// What is wrong with a configuration: located, all of it at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::conf {

class Node;

/// A place in the file; line and column are counted from 1, 0 is "nowhere". Columns count bytes.
struct Location {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  friend auto operator<=>(const Location&, const Location&) = default;
};

/// One thing that is wrong.
struct Problem {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string path;     ///< `routes[0].match.path`; empty for the file as a whole.
  std::string message;  ///< What was found and what was wanted.
  std::string hint;     ///< The way out: `did you mean 'orders'?`; may be empty.

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// `file:line:column: path: message; hint`, without the parts that are not known.
std::string one_line(const Problem& problem);

/// Collects problems; reading and binding go on after each. The first 200 are kept, the others counted. Not
/// for several threads.
class Problems {
 public:
  void add(Problem problem);
  /// At a node: file, place and path are taken from it.
  void add(const Node& where, std::string message, std::string hint = {});

  bool empty() const noexcept { return problems_.empty(); }
  std::size_t size() const noexcept { return problems_.size() + more_; }
  /// No more are kept: a hint that is dear to find need not be looked for.
  bool full() const noexcept;

  /// By file, line, column; those of one place in the order they were added.
  std::vector<Problem> sorted() const;
  /// One line each, each ended by a line feed; the last says how many are not shown.
  std::string text() const;
  /// A JSON array of {file, line, column, path, problem, hint}; hint only where there is one.
  std::string json() const;

 private:
  std::vector<Problem> problems_;
  std::size_t more_ = 0;
};

/// `did you mean 'orders'?` for the nearest of the names, `it is one of a, b and c` where none is near
/// and they are few, else empty.
std::string suggest(std::string_view found, const std::vector<std::string_view>& names);

}  // namespace sluice::conf
