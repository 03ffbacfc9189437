// Field blocks in HPACK (RFC 7541), each behind a byte with its length: each is the head of a request of its
// own on one connection, so that what one leaves in the dynamic table is there for the next.
#include <algorithm>
#include <cstdint>

#include "h2_server.h"

namespace {

constexpr char kHeaders = 1;
constexpr char kEndStreamAndHeaders = 5;

void append_headers(std::string& out, std::uint32_t stream, std::string_view block) {
  const auto size = static_cast<std::uint32_t>(block.size());
  for (const int shift : {16, 8, 0}) out += static_cast<char>(size >> shift);
  out += kHeaders;
  out += kEndStreamAndHeaders;
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift);
  out += block;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::string frames("\0\0\0\4\0\0\0\0\0", 9);  // SETTINGS come first
  for (std::uint32_t stream = 1; !rest.empty(); stream += 2) {
    const std::size_t length = static_cast<std::uint8_t>(rest.front());
    rest.remove_prefix(1);
    append_headers(frames, stream, rest.substr(0, length));
    rest.remove_prefix(std::min(length, rest.size()));
  }
  sluice::fuzz::serve_frames(frames, frames.size());
  return 0;
}
