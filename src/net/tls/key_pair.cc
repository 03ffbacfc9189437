#include "net/tls/key_pair.h"

#include <ctime>
#include <memory>
#include <optional>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/file.h"

namespace sluice::net::tls {
namespace {

using File = FileFault::File;

constexpr Bytes kLargestFile{1 << 20};
constexpr Bytes kLargestAuthorities{16 << 20};

// No pass phrase is asked for: a start must not wait for a person.
int no_pass_phrase(char*, int, int, void*) { return -1; }

FileFault fault(File file, const std::string& path, const std::string& what) {
  return {file, path + ": " + what};
}

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
  if (!text) return fault(File::certificate, path, text.error().message);
  const PemText pem(std::move(*text));
  pair.leaf.reset(PEM_read_bio_X509_AUX(pem.bio(), nullptr, no_pass_phrase, nullptr));
  if (!pair.leaf) return fault(File::certificate, path, "no certificate in PEM: " + take_error());
  if (!read_more(pem.bio(), pair.chain))
    return fault(File::certificate, path, "broken certificate in the chain: " + take_error());
  pair.names = names_of(*pair.leaf);
  pair.expires = expiry_of(*pair.leaf);
  return {};
}

std::optional<FileFault> read_key(const std::string& path, KeyPair& pair) {
  auto text = read_regular_file(path, kLargestFile);
  if (!text) return fault(File::private_key, path, text.error().message);
  const PemText pem(std::move(*text));
  pair.key.reset(PEM_read_bio_PrivateKey(pem.bio(), nullptr, no_pass_phrase, nullptr));
  if (!pair.key)
    return fault(File::private_key, path, "no private key in PEM without a pass phrase: " + take_error());
  if (pair.leaf && X509_check_private_key(pair.leaf.get(), pair.key.get()) != 1) {
    ERR_clear_error();
    return fault(File::private_key, path, "the key does not belong to the certificate");
  }
  return {};
}

bool is_ocsp_response(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  auto* response = d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size()));
  OCSP_RESPONSE_free(response);
  ERR_clear_error();
  return response != nullptr;
}

std::optional<FileFault> read_ocsp(const std::string& path, KeyPair& pair) {
  if (path.empty()) return {};
  auto der = read_regular_file(path, kLargestFile);
  if (!der) return fault(File::ocsp_response, path, der.error().message);
  if (!is_ocsp_response(*der)) return fault(File::ocsp_response, path, "no OCSP response in DER");
  pair.ocsp_response = std::move(*der);
  return {};
}

}  // namespace

std::variant<KeyPair, std::vector<FileFault>> load_key_pair(const KeyPairFiles& files) {
  KeyPair pair;
  std::vector<FileFault> faults;
  if (auto fault = read_certificates(files.certificate, pair)) faults.push_back(std::move(*fault));
  if (auto fault = read_key(files.private_key, pair)) faults.push_back(std::move(*fault));
  if (auto fault = read_ocsp(files.ocsp_response, pair)) faults.push_back(std::move(*fault));
  if (!faults.empty()) return faults;
  return pair;
}

std::variant<std::vector<UniqueCertificate>, FileFault> load_authorities(const std::string& path) {
  auto text = read_regular_file(path, kLargestAuthorities);
  if (!text) return fault(File::ca, path, text.error().message);
  const PemText pem(std::move(*text));
  std::vector<UniqueCertificate> certificates;
  if (!read_more(pem.bio(), certificates))
    return fault(File::ca, path, "broken certificate: " + take_error());
  if (certificates.empty()) return fault(File::ca, path, "no certificate in PEM");
  return certificates;
}

}  // namespace sluice::net::tls
