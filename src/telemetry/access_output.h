// Where the access log's lines go: a file, a FIFO, stdout or stderr.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"

namespace sluice::telemetry {

/// Never waits for longer than it is told. The writer's thread only, but for the constructor.
class AccessOutput {
 public:
  /// `to` is stdout, stderr or a path; a file is made if need be and appended to. Throws
  /// std::runtime_error saying which path cannot be opened and why; a FIFO without a reader cannot.
  explicit AccessOutput(std::string to);
  ~AccessOutput();
  AccessOutput(const AccessOutput&) = delete;
  AccessOutput& operator=(const AccessOutput&) = delete;

  /// How many of the bytes were taken; none where there is no room for any within `patience`. The
  /// error's os_error says why the output fails.
  Result<std::size_t> write_some(std::string_view bytes, Duration patience) noexcept;

  /// No more will come of what was being written: if it ended within a line, the next one begins anew.
  void break_off() noexcept { broken_ = within_line_; }

  /// A path is opened anew; where that fails the old file stays, and what is said of it comes back.
  std::string reopen();

 private:
  void adopt(int descriptor) noexcept;
  bool has_room(Duration patience) const noexcept;
  Result<std::size_t> write_now(std::string_view bytes) noexcept;

  std::string to_;
  int descriptor_ = -1;
  bool owned_ = false;
  bool regular_ = false;  // A regular file always takes everything.
  dev_t device_ = 0;
  ino_t inode_ = 0;
  bool within_line_ = false;  // The last byte that was taken did not end one.
  bool broken_ = false;       // A line that nothing more comes of stands at the end.
};

}  // namespace sluice::telemetry
