// PROXY headers: wherever one is cut it is incomplete or malformed, never complete; a complete one keeps to
// its bytes, and what it names is written to a header that names the same.
#include <cstdint>
#include <string_view>

#include "check.h"
#include "net/proxy_protocol.h"

namespace {

using namespace sluice::net;

void check_written(const ProxyHeader& header) {
  for (const auto version : {ProxyVersion::v1, ProxyVersion::v2}) {
    const auto text = proxy_header(version, header.source, header.destination);
    const auto again = parse_proxy_header(text);
    FUZZ_CHECK(again.status == ProxyHeader::Status::complete && again.size == text.size());
    FUZZ_CHECK(again.source.ipv6_bytes() == header.source.ipv6_bytes());
    FUZZ_CHECK(again.source.port() == header.source.port());
    FUZZ_CHECK(again.destination.ipv6_bytes() == header.destination.ipv6_bytes());
    FUZZ_CHECK(again.destination.port() == header.destination.port());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Status = ProxyHeader::Status;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto header = parse_proxy_header(bytes);
  if (header.status != Status::complete) return 0;
  FUZZ_CHECK(header.size <= size);
  FUZZ_CHECK(header.known == (header.source.family() != AF_UNSPEC));
  FUZZ_CHECK(!header.source.is_unix() && !header.destination.is_unix());
  const auto again = parse_proxy_header(bytes.substr(0, header.size));
  FUZZ_CHECK(again.status == Status::complete && again.size == header.size && again.source == header.source);
  for (std::size_t cut = 0; cut < header.size && cut < 128; ++cut)
    FUZZ_CHECK(parse_proxy_header(bytes.substr(0, cut)).status != Status::complete);
  if (header.known) check_written(header);
  return 0;
}
