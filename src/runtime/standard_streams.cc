#include "runtime/standard_streams.h"

#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

namespace sluice::runtime {

void occupy_standard_streams() noexcept {
  int opened = -1;
  do {
    opened = ::open("/dev/null", O_RDONLY);
  } while (opened >= 0 && opened <= STDERR_FILENO);
  if (opened >= 0) ::close(opened);
}

void print_error(std::string_view text) noexcept { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace sluice::runtime
