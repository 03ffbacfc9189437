// What TLS towards an upstream is made with.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
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
  /// `files` is SharedClientContext's count of changes that it was made under.
  void keep(UniqueSession session, std::uint64_t files) noexcept {
    session_ = std::move(session);
    files_ = files;
  }
  /// Null too where the files have changed since: what was verified then does not count now.
  ssl_session_st* get(std::uint64_t files) const noexcept {
    return files == files_ ? session_.get() : nullptr;
  }

 private:
  UniqueSession session_;
  std::uint64_t files_ = 0;
};

/// Any thread.
class SharedClientContext {
 public:
  /// What is wrong with the files goes to `faults`; with any, the context is not to be used.
  SharedClientContext(const ClientPolicy& policy, std::vector<FileFault>& faults);
  ~SharedClientContext();

  /// For one connection to a host of this name, or to an IP address, which its certificate must be for.
  /// Resumes the session and replaces it; `session` outlives the connection.
  UniqueSsl make_ssl(const std::string& server_name, ResumableSession& session) const;

  struct Refresh {
    bool taken = false;              ///< Handshakes from now on are made with what the files hold now.
    std::vector<FileFault> refused;  ///< What is wrong with files that have changed; the old ones stay.
  };
  /// Looks at the files that have changed since they were read, and takes all of them or none. What was
  /// refused is read anew each time. Const, for it is the files that change: any thread.
  Refresh refresh() const;

 private:
  struct State;

  const std::unique_ptr<State> state_;
};

}  // namespace sluice::net::tls
