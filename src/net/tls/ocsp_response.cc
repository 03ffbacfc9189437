#include "net/tls/ocsp_response.h"

#include <array>
#include <ctime>
#include <memory>
#include <string_view>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

namespace sluice::net::tls {
namespace {

struct FreeOcsp {
  void operator()(OCSP_RESPONSE* response) const noexcept { OCSP_RESPONSE_free(response); }
  void operator()(OCSP_BASICRESP* response) const noexcept { OCSP_BASICRESP_free(response); }
};
using UniqueResponse = std::unique_ptr<OCSP_RESPONSE, FreeOcsp>;
using UniqueBasic = std::unique_ptr<OCSP_BASICRESP, FreeOcsp>;

UniqueResponse parse(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  return UniqueResponse(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
}

X509* issuer_of(X509& certificate, const std::vector<UniqueCertificate>& chain) {
  for (const auto& one : chain) {
    if (X509_check_issued(one.get(), &certificate) == X509_V_OK) return one.get();
  }
  return X509_check_issued(&certificate, &certificate) == X509_V_OK ? &certificate : nullptr;
}

using Digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

bool equal(const ASN1_OCTET_STRING& octets, const Digest& digest, unsigned size) {
  return std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(&octets)),
                          static_cast<std::size_t>(ASN1_STRING_length(&octets))) ==
         std::string_view(reinterpret_cast<const char*>(digest.data()), size);
}

// RFC 6960 4.1.1: the serial number, and hashes of the issuer's name and key.
bool is_of(const OCSP_CERTID& id, X509& certificate, const X509* issuer) {
  ASN1_OCTET_STRING* name_hash = nullptr;
  ASN1_OCTET_STRING* key_hash = nullptr;
  ASN1_OBJECT* algorithm = nullptr;
  ASN1_INTEGER* serial = nullptr;
  OCSP_id_get0_info(&name_hash, &algorithm, &key_hash, &serial, const_cast<OCSP_CERTID*>(&id));
  if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(&certificate)) != 0) return false;
  const auto* hash = EVP_get_digestbyobj(algorithm);
  Digest digest;
  unsigned size = 0;
  if (hash == nullptr ||
      X509_NAME_digest(X509_get_issuer_name(&certificate), hash, digest.data(), &size) != 1 ||
      !equal(*name_hash, digest, size)) {
    return false;
  }
  if (issuer == nullptr) return true;
  return X509_pubkey_digest(issuer, hash, digest.data(), &size) == 1 && equal(*key_hash, digest, size);
}

Parsed<WallTime> time_of(const ASN1_GENERALIZEDTIME* time) {
  if (time == nullptr) return WallTime::max();
  std::tm utc{};
  if (ASN1_TIME_to_tm(time, &utc) != 1) return Malformed{"its nextUpdate is no time"};
  return WallTime(std::chrono::seconds(timegm(&utc)));
}

Parsed<WallTime> check(OCSP_BASICRESP& response, X509& certificate,
                       const std::vector<UniqueCertificate>& chain) {
  if (const int count = OCSP_resp_count(&response); count != 1)
    return Malformed{"a response for one certificate is wanted, this one is for " + std::to_string(count)};
  auto* single = OCSP_resp_get0(&response, 0);
  if (!is_of(*OCSP_SINGLERESP_get0_id(single), certificate, issuer_of(certificate, chain)))
    return Malformed{"the response belongs to another certificate"};
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  const int status = OCSP_single_get0_status(single, nullptr, nullptr, nullptr, &next_update);
  if (status != V_OCSP_CERTSTATUS_GOOD)
    return Malformed{std::string("the response says of the certificate: ") + OCSP_cert_status_str(status)};
  return time_of(next_update);
}

Parsed<WallTime> check(OCSP_RESPONSE& response, X509& certificate,
                       const std::vector<UniqueCertificate>& chain) {
  if (const int status = OCSP_response_status(&response); status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return Malformed{std::string("the response is not successful: ") + OCSP_response_status_str(status)};
  const UniqueBasic basic(OCSP_response_get1_basic(&response));
  if (!basic) return Malformed{"the response is of an unknown type"};
  return check(*basic, certificate, chain);
}

}  // namespace

Parsed<WallTime> check_ocsp_response(const std::string& der, X509& certificate,
                                     const std::vector<UniqueCertificate>& chain) {
  const auto response = parse(der);
  auto checked = response ? check(*response, certificate, chain)
                          : Parsed<WallTime>(Malformed{"no OCSP response in DER"});
  ERR_clear_error();
  return checked;
}

}  // namespace sluice::net::tls
