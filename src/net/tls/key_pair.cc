#include "net/tls/key_pair.h"

#include <ctime>
#include <memory>
#include <new>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "net/tls/ocsp_response.h"

namespace sluice::net::tls {
namespace {

using File = FileFault::File;

constexpr Bytes kLargestFile{1 << 20};
constexpr Bytes kLargestAuthorities{16 << 20};

// No pass phrase is asked for: a start must not wait for a person.
int no_pass_phrase(char*, int, int, void*) { return -1; }

// What OpenSSL reads PEM from. Keys do not stay in freed memory.
class PemText {
 public:
  explicit PemText(std::string text)
      : text_(std::move(text)), bio_(BIO_new_mem_buf(text_.data(), static_cast<int>(text_.size()))) {}
  PemText(const PemText&) = delete;
  PemText& operator=(const PemText&) = delete;
  ~PemText() { OPENSSL_cleanse(text_.data(), text_.size()); }
  bio_st* bio() const noexcept { return bio_.get(); }

 private:
  std::string text_;
  const UniqueBio bio_;
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return result;
}

// RFC 9525: the names of the subject alternative name extension; the subject's common name where there is
// none.
std::vector<std::string> names_of(X509& certificate) {
  std::vector<std::string> names;
  auto* alternatives =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); ++i) {
    const auto* name = sk_GENERAL_NAME_value(alternatives, i);
    if (name->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    names.push_back(lower({text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}));
  }
  if (alternatives != nullptr) {
    GENERAL_NAMES_free(alternatives);
    return names;
  }
  char common[256];
  const int size =
      X509_NAME_get_text_by_NID(X509_get_subject_name(&certificate), NID_commonName, common, sizeof common);
  if (size > 0) names.push_back(lower({common, static_cast<std::size_t>(size)}));
  return names;
}

WallTime expiry_of(const X509& certificate) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &utc) != 1) return WallTime{};
  return WallTime(std::chrono::seconds(timegm(&utc)));
}

// Up to the end; false where a certificate is broken.
bool read_more(bio_st* bio, std::vector<UniqueCertificate>& certificates) {
  for (;;) {
    UniqueCertificate next(PEM_read_bio_X509(bio, nullptr, no_pass_phrase, nullptr));
    if (!next) break;
    certificates.push_back(std::move(next));
  }
  const auto error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (at_end) ERR_clear_error();
  return at_end;
}

std::optional<FileFault> read_certificates(const std::string& path, KeyPair& pair) {
  auto text = read_regular_file(path, kLargestFile);
  if (!text) return FileFault{File::certificate, text.error().message};
  const PemText pem(std::move(*text));
  pair.leaf.reset(PEM_read_bio_X509_AUX(pem.bio(), nullptr, no_pass_phrase, nullptr));
  if (!pair.leaf) return FileFault{File::certificate, "no certificate in PEM: " + take_error()};
  if (!read_more(pem.bio(), pair.chain))
    return FileFault{File::certificate, "broken certificate in the chain: " + take_error()};
  pair.names = names_of(*pair.leaf);
  pair.expires = expiry_of(*pair.leaf);
  return {};
}

std::optional<FileFault> read_key(const std::string& path, KeyPair& pair) {
  auto text = read_regular_file(path, kLargestFile);
  if (!text) return FileFault{File::private_key, text.error().message};
  const PemText pem(std::move(*text));
  pair.key.reset(PEM_read_bio_PrivateKey(pem.bio(), nullptr, no_pass_phrase, nullptr));
  if (!pair.key)
    return FileFault{File::private_key, "no private key in PEM without a pass phrase: " + take_error()};
  if (pair.leaf && X509_check_private_key(pair.leaf.get(), pair.key.get()) != 1) {
    ERR_clear_error();
    return FileFault{File::private_key, "the key does not belong to the certificate"};
  }
  return {};
}

std::optional<FileFault> read_ocsp(const std::string& path, KeyPair& pair) {
  if (path.empty()) return {};
  auto der = read_regular_file(path, kLargestFile);
  if (!der) return FileFault{File::ocsp_response, der.error().message};
  if (!pair.leaf) return {};
  const auto expires = check_ocsp_response(*der, *pair.leaf, pair.chain);
  if (!expires) return FileFault{File::ocsp_response, expires.error().message};
  pair.ocsp_response = std::move(*der);
  pair.ocsp_expires = *expires;
  return {};
}

// "ee key too small", in OpenSSL's words.
FileFault refused(File file, const std::string& what) {
  return {file, what + " cannot be shown: " + take_error()};
}

}  // namespace

KeyPairStamp stamp_of(const KeyPairFiles& files) {
  return {.certificate = sluice::stamp_of(files.certificate),
          .private_key = sluice::stamp_of(files.private_key),
          .ocsp_response = files.ocsp_response.empty() ? FileStamp{} : sluice::stamp_of(files.ocsp_response)};
}

std::optional<FileFault> show(ssl_st& ssl, const KeyPair& pair) {
  if (SSL_use_certificate(&ssl, pair.leaf.get()) != 1) return refused(File::certificate, "the certificate");
  if (SSL_use_PrivateKey(&ssl, pair.key.get()) != 1) return refused(File::private_key, "the key");
  for (std::size_t i = 0; i < pair.chain.size(); ++i) {
    if (SSL_add1_chain_cert(&ssl, pair.chain[i].get()) != 1)
      return refused(File::certificate, "certificate " + std::to_string(i + 2) + " of the chain");
  }
  return {};
}

std::variant<KeyPair, std::vector<FileFault>> load_key_pair(const KeyPairFiles& files, ssl_ctx_st& context) {
  KeyPair pair;
  std::vector<FileFault> faults;
  if (auto fault = read_certificates(files.certificate, pair)) faults.push_back(std::move(*fault));
  if (auto fault = read_key(files.private_key, pair)) faults.push_back(std::move(*fault));
  if (auto fault = read_ocsp(files.ocsp_response, pair)) faults.push_back(std::move(*fault));
  if (!faults.empty()) return faults;
  const UniqueSsl trial(SSL_new(&context));
  if (!trial) throw std::bad_alloc();
  if (auto fault = show(*trial, pair)) return std::vector{std::move(*fault)};
  return pair;
}

std::variant<std::vector<UniqueCertificate>, FileFault> load_authorities(const std::string& path) {
  auto text = read_regular_file(path, kLargestAuthorities);
  if (!text) return FileFault{File::ca, text.error().message};
  const PemText pem(std::move(*text));
  std::vector<UniqueCertificate> certificates;
  if (!read_more(pem.bio(), certificates)) return FileFault{File::ca, "broken certificate: " + take_error()};
  if (certificates.empty()) return FileFault{File::ca, "no certificate in PEM"};
  return certificates;
}

}  // namespace sluice::net::tls
