// Certificates for trying things out.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

namespace sluice::net::tls {

/// In PEM.
struct SelfSigned {
  std::string certificate;
  std::string private_key;
};

/// A P-256 key and a certificate that it signs itself, for these DNS names or IP addresses, from a day ago to
/// `days` from now; it may sign others and serve both ends. Throws std::runtime_error.
SelfSigned make_self_signed(const std::vector<std::string>& names, WallTime now, int days);

}  // namespace sluice::net::tls
