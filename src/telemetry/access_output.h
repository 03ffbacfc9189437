// Where the access log's lines go: a file, stdout or stderr.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

namespace sluice::telemetry {

/// Writes whole batches. The writer's thread only, but for the constructor.
class AccessOutput {
 public:
  /// `to` is stdout, stderr or a path; a file is made if need be and appended to. Throws
  /// std::system_error naming the path. Once `stopping` is set, an output that takes nothing for a
  /// second is given up.
  AccessOutput(std::string to, const std::atomic<bool>& stopping);
  ~AccessOutput();
  AccessOutput(const AccessOutput&) = delete;
  AccessOutput& operator=(const AccessOutput&) = delete;

  /// Waits until the output takes it; false where it fails, with some of it perhaps written.
  bool write(std::string_view lines) noexcept;

  /// A file is opened anew; where that fails the old one stays, and false comes back.
  bool reopen() noexcept;

 private:
  void adopt(int descriptor) noexcept;
  bool wait_writable() noexcept;

  std::string to_;
  const std::atomic<bool>& stopping_;
  int descriptor_ = -1;
  bool owned_ = false;
  bool regular_ = false;  // A regular file always takes everything.
  bool given_up_ = false;
};

}  // namespace sluice::telemetry
