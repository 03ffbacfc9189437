// PROXY headers: wherever one is cut it is incomplete or malformed, never complete; a complete one keeps to its bytes.
#include <cstdint>
#include <string_view>

#include "check.h"
#include "net/proxy_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Status = sluice::net::ProxyHeader::Status;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto header = sluice::net::parse_proxy_header(bytes);
  if (header.status != Status::complete) return 0;
  FUZZ_CHECK(header.size <= size);
  FUZZ_CHECK(header.known == (header.source.family() != AF_UNSPEC));
  FUZZ_CHECK(!header.source.is_unix() && !header.destination.is_unix());
  const auto again = sluice::net::parse_proxy_header(bytes.substr(0, header.size));
  FUZZ_CHECK(again.status == Status::complete && again.size == header.size && again.source == header.source);
  for (std::size_t cut = 0; cut < header.size && cut < 128; ++cut)
    FUZZ_CHECK(sluice::net::parse_proxy_header(bytes.substr(0, cut)).status != Status::complete);
  return 0;
}
