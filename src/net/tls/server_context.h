// What a listener's TLS handshakes are made with, shared by all workers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/tls/key_pair.h"
#include "net/tls/openssl.h"

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

/// The certificates are all checked at first, and each but the first of all is read again when the first
/// client asks for it. Any thread.
class SharedServerContext {
 public:
  /// Faults of the files go to `faults`; with any, the context is not to be used.
  SharedServerContext(const ServerPolicy& policy, std::vector<PolicyFault>& faults);
  ~SharedServerContext();

  /// For one connection, which must not outlive this.
  UniqueSsl make_ssl() const;

  struct Refresh {
    std::vector<std::size_t> taken;    ///< Pairs that are shown anew; npos: the CA of clients.
    std::vector<PolicyFault> refused;  ///< What is wrong with files that have changed; the old ones stay.
  };
  /// Looks at the files that have changed since they were read, and takes what is sound for handshakes from
  /// now on: of a pair all or nothing. Connections keep what they began with, tickets stay good, but those of
  /// clients that had to show a certificate end with a new CA. What was refused is read anew each time. A
  /// pair that was refused and that no client had asked for was never in memory: its handshakes fail until
  /// its files are sound. Const, for it is the files that change: any thread, one after the other.
  Refresh refresh() const;

  /// The files whose last change was refused: those of certificates, and of the CA.
  std::vector<std::string> stale() const;

  /// When the certificate that ends first ends, and when each does.
  struct Expiry {
    std::string certificate;  ///< The path of its file.
    WallTime when;
  };
  std::vector<Expiry> expiries() const;

 private:
  struct State;

  const std::unique_ptr<State> state_;
};

}  // namespace sluice::net::tls
