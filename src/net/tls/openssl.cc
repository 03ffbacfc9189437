#include "net/tls/openssl.h"

#include <openssl/err.h>

namespace sluice::net::tls {

std::string take_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

}  // namespace sluice::net::tls
