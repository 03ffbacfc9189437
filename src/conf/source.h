// The text of a configuration file by line and column.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "conf/problem.h"

namespace sluice::conf {

/// Borrows the text. Lines and columns are counted from 1, columns in bytes.
class Source {
 public:
  Source(std::string_view text, std::string file);

  std::string_view text() const noexcept { return text_; }
  const std::string& file() const noexcept { return file_; }

  /// The line without its end; empty past the last.
  std::string_view line(std::size_t number) const noexcept;
  std::size_t lines() const noexcept { return starts_.size(); }
  Location locate(std::size_t offset) const noexcept;
  /// The last place that is not blank.
  Location end() const noexcept;

  /// The column of a tab among the blanks that the line begins with, up to a column; 0 if there is none.
  std::uint32_t tab_before(Location where) const noexcept;

  Problem problem(Location where, std::string message, std::string hint = {}) const;

 private:
  std::string_view text_;
  std::string file_;
  std::vector<std::size_t> starts_;
};

}  // namespace sluice::conf
