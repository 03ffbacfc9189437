// What a server says of its certificate in place of the authority (RFC 6960, RFC 6066 8).
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/units.h"
#include "net/tls/openssl.h"

namespace sluice::net::tls {

/// Whether the DER is a response that may be stapled to the certificate: successful, of this one certificate
/// alone, and good. Its issuer's key is compared where the issuer is in the chain or the certificate itself.
/// Gives the time of nextUpdate, WallTime::max() where there is none, or what is wrong. Its signature is for
/// clients to verify.
Parsed<WallTime> check_ocsp_response(const std::string& der, x509_st& certificate,
                                     const std::vector<UniqueCertificate>& chain);

}  // namespace sluice::net::tls
