// What a listener's handshakes show: the certificates of one moment.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/file_stamp.h"
#include "net/tls/key_pair.h"

namespace sluice::net::tls {

/// A key pair that is read when it is first wanted, and before that was checked. One that cannot be read (no
/// descriptor is left, the file is being replaced) fails that handshake, and the next one tries again. Any
/// thread.
class SharedLateKeyPair {
 public:
  /// `checked` is what the files held when they looked like `stamp`; it is kept at once where `wanted`.
  SharedLateKeyPair(KeyPairFiles files, const KeyPairStamp& stamp, KeyPair checked, bool wanted);

  using Read = std::variant<const KeyPair*, std::vector<FileFault>>;
  Read get(ssl_ctx_st& context);
  // Acquire: the pair that another thread has read is whole.
  const KeyPair* loaded() const noexcept { return loaded_.load(std::memory_order_acquire); }

  const KeyPairFiles& files() const noexcept { return files_; }
  const KeyPairStamp& stamp() const noexcept { return stamp_; }
  const std::vector<std::string>& names() const noexcept { return names_; }
  WallTime expires() const noexcept { return expires_; }

 private:
  void keep(KeyPair pair);

  const KeyPairFiles files_;
  const KeyPairStamp stamp_;
  const std::vector<std::string> names_;
  const WallTime expires_;
  std::mutex reading_;
  std::unique_ptr<KeyPair> pair_;
  std::atomic<const KeyPair*> loaded_{nullptr};
};

/// Whose certificates clients may show.
struct Authorities {
  std::vector<UniqueCertificate> certificates;
  FileStamp stamp;
  std::string digest;  ///< SHA-256 of the certificates.
};
std::variant<Authorities, FileFault> read_authorities(const std::string& path);

/// Immutable but for what is loaded late. Connections hold the ones that they began with.
class ShownCertificates {
 public:
  using Pairs = std::vector<std::shared_ptr<SharedLateKeyPair>>;

  ShownCertificates(Pairs pairs, std::shared_ptr<const Authorities> authorities);

  const Pairs& pairs() const noexcept { return pairs_; }
  const std::shared_ptr<const Authorities>& authorities() const noexcept { return authorities_; }

  /// By exact name, else by a wildcard for the first label (RFC 9525 6.3), else the first of all. Several
  /// certificates of one name differ in their kind of key, and the client's offer decides.
  const std::vector<std::size_t>& pairs_for(std::string_view server_name) const;
  bool is_first(const std::vector<std::size_t>& pairs) const noexcept { return pairs == first_; }

 private:
  void index(std::size_t pair);

  Pairs pairs_;
  std::shared_ptr<const Authorities> authorities_;  // null: clients are not asked
  const std::vector<std::size_t> first_{0};
  std::unordered_map<std::string, std::vector<std::size_t>> by_name_;      // exact, in lower case
  std::unordered_map<std::string, std::vector<std::size_t>> by_wildcard_;  // what is behind "*."
};

/// ASCII.
std::string lower_case(std::string_view text);

}  // namespace sluice::net::tls
