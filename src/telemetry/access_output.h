// Where the access log's lines go: a file, a FIFO, stdout or stderr.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace sluice::telemetry {

/// Never waits for longer than it is told. The writer's thread only, but for the constructor.
class AccessOutput {
 public:
  /// `to` is stdout, stderr or a path, which messages call `shown`; a file is made if need be and appended
  /// to. Throws std::runtime_error saying which path cannot be opened and why; a FIFO without a reader
  /// cannot.
  AccessOutput(std::string to, std::string shown);
  ~AccessOutput();
  AccessOutput(const AccessOutput&) = delete;
  AccessOutput& operator=(const AccessOutput&) = delete;

  /// How many of the bytes were taken; none where there is no room for any within `patience`. The
  /// error's os_error says why the output fails.
  Result<std::size_t> write_some(std::string_view bytes, Duration patience) noexcept;

  /// A path is opened anew; where that fails the old file stays, and what is said of it comes back.
  std::string reopen();

 private:
  void adopt(int descriptor) noexcept;
  bool has_room(Duration patience) const noexcept;

  const std::string to_;
  const std::string shown_;
  int descriptor_ = -1;
  bool owned_ = false;
  bool regular_ = false;  // A regular file always takes everything.
};

}  // namespace sluice::telemetry
