// What TLS towards an upstream is made with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/tls/key_pair.h"
#include "net/tls/openssl.h"

namespace sluice::net::tls {

struct ClientPolicy {
  std::string ca;  ///< PEM; whose certificates are believed. Empty: those the system believes.
  std::optional<KeyPairFiles> own;  ///< What is shown where the peer asks.
  bool verify = true;
  std::vector<std::string> protocols{"http/1.1"};  ///< By ALPN, the preferred one first.
};

/// The session of an earlier handshake with one endpoint, to spare the next a part of its work. Loop's
/// thread.
class ResumableSession {
 public:
  void keep(UniqueSession session) noexcept { session_ = std::move(session); }
  ssl_session_st* get() const noexcept { return session_.get(); }

 private:
  UniqueSession session_;
};

/// Immutable. Any thread.
class SharedClientContext {
 public:
  /// What is wrong with the files goes to `faults`; with any, the context is not to be used.
  SharedClientContext(const ClientPolicy& policy, std::vector<FileFault>& faults);

  /// For one connection to a host of this name, or to an IP address, which its certificate must be for.
  /// Resumes the session and replaces it; `session` outlives the connection.
  UniqueSsl make_ssl(const std::string& server_name, ResumableSession& session) const;

 private:
  void trust(const ClientPolicy& policy, std::vector<FileFault>& faults);
  void show(const KeyPairFiles& files, std::vector<FileFault>& faults);

  UniqueContext context_;
  bool verify_;
};

}  // namespace sluice::net::tls
