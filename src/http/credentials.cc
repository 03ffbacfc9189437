#include "http/credentials.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::http {
namespace {

constexpr std::string_view kNames[] = {"authorization", "proxy-authorization", "cookie", "set-cookie"};
constexpr std::string_view kParts[] = {"token", "secret", "password", "api-key", "apikey"};

}  // namespace

bool is_credential(std::string_view field_name) {
  const auto name = ascii_lower(field_name);
  return std::ranges::any_of(kNames, [&](std::string_view one) { return name == one; }) ||
         std::ranges::any_of(kParts, [&](std::string_view part) { return name.find(part) != name.npos; });
}

}  // namespace sluice::http
