// DNS answers: whatever comes is read to an end, cut anywhere it is refused or says what is within, and what
// is found keeps to the promises of Reply. The first byte chooses the type that was asked for.
#include <algorithm>
#include <cstdint>
#include <span>

#include "check.h"
#include "upstream/dns/message.h"

namespace {

using namespace sluice;
using namespace sluice::upstream;

constexpr dns::Type kTypes[] = {dns::Type::a, dns::Type::aaaa, dns::Type::srv};

void check_found(const dns::Reply& reply, dns::Type type) {
  FUZZ_CHECK(reply.addresses.size() + reply.services.size() <= dns::most_records);
  FUZZ_CHECK(reply.services.empty() || type == dns::Type::srv);
  FUZZ_CHECK(reply.empty() || reply.ttl.has_value());
  FUZZ_CHECK(!reply.ttl ||
             (*reply.ttl >= Duration::zero() && *reply.ttl <= std::chrono::seconds(0x7fffffff)));
  for (const auto& service : reply.services) FUZZ_CHECK(dns::is_name(service.target) && service.port != 0);
  for (const auto& address : reply.addresses)
    FUZZ_CHECK(address.family() == (type == dns::Type::a ? AF_INET : AF_INET6) && address.port() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto type = kTypes[data[0] % std::size(kTypes)];
  const std::span<const std::uint8_t> message(data + 1, size - 1);
  const dns::Question question{type == dns::Type::srv ? "_http._tcp.app.test" : "app.test", type};
  const auto whole = dns::read_reply(message, question);
  if (whole) check_found(*whole, type);
  for (std::size_t cut = 0; cut < std::min<std::size_t>(message.size(), 512); ++cut)
    if (const auto reply = dns::read_reply(message.first(cut), question)) check_found(*reply, type);
  return 0;
}
