#include "net/tls/key_pair.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace sluice::net::tls {
namespace {

using File = FileFault::File;

// No pass phrase is asked for: a start must not wait for a person.
int no_pass_phrase(char*, int, int, void*) { return -1; }

UniqueBio open_file(const std::string& path) { return UniqueBio(BIO_new_file(path.c_str(), "r")); }

FileFault fault(File file, const std::string& path, const std::string& what) {
  return {file, path + ": " + what};
}

FileFault unreadable(File file, const std::string& path) {
  const int error = errno;
  ERR_clear_error();
  return fault(file, path, std::strerror(error));
}

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

std::optional<FileFault> read_certificates(const std::string& path, KeyPair& pair) {
  const auto file = open_file(path);
  if (!file) return unreadable(File::certificate, path);
  pair.leaf.reset(PEM_read_bio_X509_AUX(file.get(), nullptr, no_pass_phrase, nullptr));
  if (!pair.leaf) return fault(File::certificate, path, "no certificate in PEM: " + take_error());
  for (;;) {
    UniqueCertificate next(PEM_read_bio_X509(file.get(), nullptr, no_pass_phrase, nullptr));
    if (!next) break;
    pair.chain.push_back(std::move(next));
  }
  const auto error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) return fault(File::certificate, path, "broken certificate in the chain: " + take_error());
  ERR_clear_error();
  pair.names = names_of(*pair.leaf);
  pair.expires = expiry_of(*pair.leaf);
  return {};
}

std::optional<FileFault> read_key(const std::string& path, KeyPair& pair) {
  const auto file = open_file(path);
  if (!file) return unreadable(File::private_key, path);
  pair.key.reset(PEM_read_bio_PrivateKey(file.get(), nullptr, no_pass_phrase, nullptr));
  if (!pair.key)
    return fault(File::private_key, path, "no private key in PEM without a pass phrase: " + take_error());
  if (X509_check_private_key(pair.leaf.get(), pair.key.get()) != 1) {
    ERR_clear_error();
    return fault(File::private_key, path, "the key does not belong to the certificate");
  }
  return {};
}

std::optional<FileFault> read_ocsp(const std::string& path, KeyPair& pair) {
  if (path.empty()) return {};
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(File::ocsp_response, path);
  pair.ocsp_response.assign(std::istreambuf_iterator<char>(file), {});
  if (pair.ocsp_response.empty()) return fault(File::ocsp_response, path, "the file is empty");
  return {};
}

}  // namespace

std::variant<KeyPair, FileFault> load_key_pair(const KeyPairFiles& files) {
  KeyPair pair;
  if (auto fault = read_certificates(files.certificate, pair)) return *fault;
  if (auto fault = read_key(files.private_key, pair)) return *fault;
  if (auto fault = read_ocsp(files.ocsp_response, pair)) return *fault;
  return pair;
}

}  // namespace sluice::net::tls
