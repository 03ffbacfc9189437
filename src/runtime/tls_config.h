// What a configuration says of TLS, and the contexts that it becomes.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/binder.h"
#include "conf/faults.h"
#include "conf/sources.h"
#include "net/tls/client_context.h"
#include "net/tls/server_context.h"
#include "upstream/config.h"

namespace sluice::net::tls {
const conf::EnumSpec& enum_spec(Version);
const conf::EnumSpec& enum_spec(ClientAuth);
}  // namespace sluice::net::tls

namespace sluice::runtime {

struct CertificateConfig {
  conf::Located<std::string> certificate;
  conf::Located<std::string> private_key;
  std::optional<conf::Located<std::string>> ocsp_response;

  static const conf::ObjectSpec& spec();
};

struct ClientAuthConfig {
  net::tls::ClientAuth mode = net::tls::ClientAuth::required;
  std::optional<conf::Located<std::string>> ca;
  conf::Node where;

  static const conf::ObjectSpec& spec();
};

struct ListenerTlsConfig {
  std::vector<CertificateConfig> certificates;
  net::tls::Version min_version = net::tls::Version::tls_1_2;
  std::optional<ClientAuthConfig> client_auth;
  Duration handshake_timeout = std::chrono::seconds(10);
  std::uint64_t handshakes = 4096;

  bool wants_client_certificate() const noexcept {
    return client_auth && client_auth->mode != net::tls::ClientAuth::none;
  }
  static const conf::ObjectSpec& spec();
};

/// Reads the files; what is wrong with them goes to `problems`, at the place that names the file.
std::shared_ptr<net::tls::SharedServerContext> server_context(const std::string& listener,
                                                              const ListenerTlsConfig& config,
                                                              std::vector<std::string> protocols,
                                                              conf::Problems& problems);
std::shared_ptr<const net::tls::SharedClientContext> client_context(const upstream::UpstreamConfig& upstream,
                                                                    conf::Problems& problems);

/// A fault of a file, to `problems` at the place that names it.
void add_fault(const ListenerTlsConfig& config, const net::tls::PolicyFault& fault, conf::Problems& problems);
void add_fault(const upstream::UpstreamTlsConfig& config, const net::tls::FileFault& fault,
               conf::Problems& problems);

/// The files that they name.
void add_files(const ListenerTlsConfig& config, conf::Sources& sources);
void add_files(const upstream::UpstreamTlsConfig& config, conf::Sources& sources);

/// The same problems, of those parts alone that other problems leave sound: for where no context is to be
/// made.
void check_files(const ListenerTlsConfig& config, const conf::Faults& faults, conf::Problems& problems);
void check_files(const upstream::UpstreamTlsConfig& config, const conf::Faults& faults,
                 conf::Problems& problems);

}  // namespace sluice::runtime
