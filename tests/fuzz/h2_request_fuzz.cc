// Requests in HTTP/2 as a client sends them, frame by frame; the first byte says how they are cut.
#include <cstdint>

#include "h2_server.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view frames(reinterpret_cast<const char*>(data) + 1, size - 1);
  sluice::fuzz::serve_frames(frames, 1 + data[0] * std::size_t{16});
  return 0;
}
