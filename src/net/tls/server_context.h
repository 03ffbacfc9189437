// What a listener's TLS handshakes are made with, shared by all workers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "net/tls/key_pair.h"
#include "net/tls/openssl.h"
#include "net/tls/ticket_keys.h"

namespace sluice::net::tls {

enum class Version : std::uint8_t { tls_1_2, tls_1_3 };
enum class ClientAuth : std::uint8_t { none, optional, required };

struct ServerPolicy {
  std::string name;  ///< Sessions of one policy are not resumed under another, nor under another server name.
  std::vector<KeyPairFiles>
      key_pairs;  ///< At least one; the first serves clients that name no host, or none known.
  Version min_version = Version::tls_1_2;
  ClientAuth client_auth = ClientAuth::none;
  std::string client_ca;                              ///< PEM; whose certificates clients may show.
  std::vector<std::string> protocols = {"http/1.1"};  ///< By their ALPN names, the one to be preferred first.
  /// Told of what a handshake finds wrong with the files of a key pair, and of an OCSP response that has
  /// expired. Any thread.
  std::function<void(std::size_t pair, const FileFault& fault)> complain = {};
};

/// A fault in a file of one key pair; `pair` is its index, or npos for the CA of clients.
struct PolicyFault {
  std::size_t pair;
  FileFault fault;
};

/// Immutable but for what is loaded late: the certificates are all checked at first, and each but the first
/// of all is read again when the first client asks for it. Any thread.
class SharedServerContext {
 public:
  /// Faults of the files go to `faults`; with any, the context is not to be used.
  SharedServerContext(const ServerPolicy& policy, std::vector<PolicyFault>& faults);
  ~SharedServerContext();

  /// For one connection.
  UniqueSsl make_ssl() const;

  /// When the certificate that ends first ends, and when each does.
  struct Expiry {
    std::string certificate;  ///< The path of its file.
    WallTime when;
  };
  const std::vector<Expiry>& expiries() const noexcept { return expiries_; }

 private:
  struct Late;

  void set_policy(const ServerPolicy& policy);
  void set_client_auth(const ServerPolicy& policy, std::vector<PolicyFault>& faults);
  void index(std::size_t pair, const std::vector<std::string>& names);
  void show_first();
  const std::vector<std::size_t>& pairs_for(std::string_view server_name) const;
  const KeyPair* loaded(std::size_t pair);
  bool use(ssl_st& ssl, std::size_t pair);
  bool may_staple(std::size_t pair, const KeyPair& loaded) const;
  static int on_client_hello(ssl_st* ssl, int* alert, void* self);
  static int on_certificate(ssl_st* ssl, void* self);
  static int on_status(ssl_st* ssl, void* self);
  static int on_alpn(ssl_st* ssl, const unsigned char** out, unsigned char* size,
                     const unsigned char* offered, unsigned int bytes, void* self);

  UniqueContext context_;
  const std::string name_;
  const std::function<void(std::size_t, const FileFault&)> complain_;
  std::vector<std::string> protocols_;
  SharedTicketKeys tickets_;
  std::vector<std::unique_ptr<Late>> late_;
  const std::vector<std::size_t> first_{0};
  std::unordered_map<std::string, std::vector<std::size_t>> by_name_;      // exact, in lower case
  std::unordered_map<std::string, std::vector<std::size_t>> by_wildcard_;  // what is behind "*."
  std::vector<Expiry> expiries_;
};

}  // namespace sluice::net::tls
