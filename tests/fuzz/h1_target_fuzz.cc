// Targets: what was normalised is normal, has no dot segment, no byte that is not visible ASCII, and is
// accepted again as it is.
#include <cstdint>
#include <string>
#include <string_view>

#include "check.h"
#include "http/host.h"
#include "http/target.h"

namespace {

using namespace sluice::http;

void check_path(std::string_view path) {
  FUZZ_CHECK(!path.empty() && path.front() == '/');
  FUZZ_CHECK((std::string(path) + "/").find("/../") == std::string::npos);
  FUZZ_CHECK((std::string(path) + "/").find("/./") == std::string::npos);
  FUZZ_CHECK(path.find("%00") == std::string_view::npos);
  for (const char c : path) FUZZ_CHECK(is(c, pchar) || c == '/' || c == '%');
}

void check_again(const Target& target, Method method, const TargetOptions& options) {
  std::string raw(target.path);
  if (target.has_query) raw.append("?").append(target.query);
  sluice::Arena arena;
  const TargetResult again = normalise_target(raw, method, arena, options);
  FUZZ_CHECK(!again.refusal);
  FUZZ_CHECK(again.target.path == target.path);
  FUZZ_CHECK(again.target.query == target.query && again.target.has_query == target.has_query);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string raw(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Method method = (data[0] & 2) != 0   ? Method::options
                        : (data[0] & 4) != 0 ? Method::connect
                                             : Method::get;
  const TargetOptions options{.allow_encoded_slash = (data[0] & 1) != 0};
  sluice::Arena arena;
  const TargetResult result = normalise_target(raw, method, arena, options);
  if (result.refusal) {
    FUZZ_CHECK(status(result.refusal.reason) == 400 && !result.refusal.detail.empty());
    return 0;
  }
  const Target& target = result.target;
  if (!target.authority.empty()) FUZZ_CHECK(!parse_authority(target.authority).refusal);
  if (target.form == Target::Form::authority || target.path == "*") return 0;
  check_path(target.path);
  check_again(target, method, options);
  return 0;
}
