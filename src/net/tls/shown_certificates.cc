#include "net/tls/shown_certificates.h"

#include <new>
#include <utility>

#include <openssl/sha.h>
#include <openssl/x509.h>

namespace sluice::net::tls {
namespace {

std::string digest_of(const std::vector<UniqueCertificate>& certificates) {
  std::string all;
  for (const auto& certificate : certificates) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (X509_digest(certificate.get(), EVP_sha256(), digest, nullptr) != 1) throw std::bad_alloc();
    all.append(reinterpret_cast<const char*>(digest), sizeof digest);
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(all.data()), all.size(), digest);
  return {reinterpret_cast<const char*>(digest), sizeof digest};
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return result;
}

SharedLateKeyPair::SharedLateKeyPair(KeyPairFiles files, const KeyPairStamp& stamp, KeyPair checked,
                                     bool wanted)
    : files_(std::move(files)), stamp_(stamp), names_(checked.names), expires_(checked.expires) {
  if (wanted) keep(std::move(checked));
}

void SharedLateKeyPair::keep(KeyPair pair) {
  pair_ = std::make_unique<KeyPair>(std::move(pair));
  loaded_.store(pair_.get(), std::memory_order_release);  // whoever sees it sees it whole
}

SharedLateKeyPair::Read SharedLateKeyPair::get(SSL_CTX& context) {
  if (const auto* known = loaded()) return known;
  std::lock_guard lock(reading_);
  if (pair_) return pair_.get();
  auto read = load_key_pair(files_, context);
  if (auto* wrong = std::get_if<std::vector<FileFault>>(&read)) return std::move(*wrong);
  keep(std::move(std::get<KeyPair>(read)));
  return pair_.get();
}

std::variant<Authorities, FileFault> read_authorities(const std::string& path) {
  const auto stamp = sluice::stamp_of(path);
  auto loaded = load_authorities(path);
  if (auto* fault = std::get_if<FileFault>(&loaded)) return std::move(*fault);
  auto& certificates = std::get<0>(loaded);
  auto digest = digest_of(certificates);
  return Authorities{.certificates = std::move(certificates), .stamp = stamp, .digest = std::move(digest)};
}

ShownCertificates::ShownCertificates(Pairs pairs, std::shared_ptr<const Authorities> authorities)
    : pairs_(std::move(pairs)), authorities_(std::move(authorities)) {
  for (std::size_t i = 0; i < pairs_.size(); ++i) index(i);
}

void ShownCertificates::index(std::size_t pair) {
  for (const auto& name : pairs_[pair]->names()) {
    const bool wildcard = name.starts_with("*.");
    (wildcard ? by_wildcard_[name.substr(2)] : by_name_[name]).push_back(pair);
  }
}

const std::vector<std::size_t>& ShownCertificates::pairs_for(std::string_view server_name) const {
  const auto name = lower_case(server_name);
  if (const auto exact = by_name_.find(name); exact != by_name_.end()) return exact->second;
  const auto dot = name.find('.');
  if (dot != std::string::npos) {
    if (const auto wild = by_wildcard_.find(name.substr(dot + 1)); wild != by_wildcard_.end())
      return wild->second;
  }
  return first_;
}

}  // namespace sluice::net::tls
