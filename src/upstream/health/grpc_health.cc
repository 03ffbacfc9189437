#include "upstream/health/grpc_health.h"

#include <cstdint>

namespace sluice::upstream {
namespace {

constexpr std::size_t kPrefix = 5;                // a flag and the length of what follows, big-endian
constexpr std::uint8_t kServiceTag = 1 << 3 | 2;  // field 1, its length in front
constexpr std::uint8_t kStatusTag = 1 << 3;       // field 1, a varint

std::string varint(std::size_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out += static_cast<char>(value);
}

}  // namespace

std::string grpc_health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) message.append(1, kServiceTag).append(varint(service.size())).append(service);
  std::string framed(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) framed += static_cast<char>(message.size() >> shift);
  return framed + message;
}

std::optional<ServingStatus> grpc_serving_status(std::string_view message) noexcept {
  if (message.size() < kPrefix || message[0] != 0) return {};
  const auto content = message.substr(kPrefix);
  const auto length = static_cast<std::uint8_t>(message[4]);
  if (message.substr(1, 3) != std::string_view("\0\0\0", 3) || content.size() != length) return {};
  if (content.empty()) return ServingStatus::unknown;  // what protobuf leaves out
  if (content.size() != 2 || static_cast<std::uint8_t>(content[0]) != kStatusTag) return {};
  const auto status = static_cast<std::uint8_t>(content[1]);
  if (status > static_cast<std::uint8_t>(ServingStatus::service_unknown)) return {};
  return static_cast<ServingStatus>(status);
}

}  // namespace sluice::upstream
