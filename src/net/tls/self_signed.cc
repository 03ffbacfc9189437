#include "net/tls/self_signed.h"

#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "net/tls/openssl.h"

namespace sluice::net::tls {
namespace {

void demand(bool done) {
  if (!done) throw std::runtime_error("cannot make a certificate: " + take_error());
}

void add_extension(X509& certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  demand(extension != nullptr && X509_add_ext(&certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

bool is_address(const std::string& name) {
  return name.find(':') != std::string::npos || name.find_first_not_of("0123456789.") == std::string::npos;
}

std::string alternatives(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names)
    text += (text.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  return text;
}

template <class Write>
std::string in_pem(Write write) {
  UniqueBio bio(BIO_new(BIO_s_mem()));
  demand(bio != nullptr && write(bio.get()) == 1);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

SelfSigned make_self_signed(const std::vector<std::string>& names, WallTime now, int days) {
  UniqueKey key(EVP_EC_gen("P-256"));
  UniqueCertificate certificate(X509_new());
  demand(key != nullptr && certificate != nullptr && !names.empty());
  std::uint64_t serial = 0;
  demand(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  auto* made = certificate.get();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  constexpr long day = 24 * 60 * 60;
  demand(X509_set_version(made, 2) == 1);
  demand(ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), serial >> 1) == 1);
  demand(ASN1_TIME_set(X509_getm_notBefore(made), seconds - day) != nullptr);
  demand(ASN1_TIME_set(X509_getm_notAfter(made), seconds + days * day) != nullptr);
  demand(X509_set_pubkey(made, key.get()) == 1);
  auto* subject = X509_get_subject_name(made);
  const auto* common = reinterpret_cast<const unsigned char*>(names.front().c_str());
  demand(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, common, -1, -1, 0) == 1);
  demand(X509_set_issuer_name(made, subject) == 1);
  add_extension(*made, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(*made, NID_subject_key_identifier, "hash");
  add_extension(*made, NID_subject_alt_name, alternatives(names));
  demand(X509_sign(made, key.get(), EVP_sha256()) > 0);
  return {in_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, made); }), in_pem([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace sluice::net::tls
