#include "runtime/tls_config.h"

#include <array>

#include <fmt/format.h>

#include "telemetry/log.h"

namespace sluice::net::tls {

const conf::EnumSpec& enum_spec(Version) {
  static const auto spec =
      conf::enumeration<Version>("TLS version", {
                                                    {"1.2", Version::tls_1_2, "TLS 1.2 and 1.3."},
                                                    {"1.3", Version::tls_1_3, "TLS 1.3 only."},
                                                });
  return spec;
}

const conf::EnumSpec& enum_spec(ClientAuth) {
  static const auto spec = conf::enumeration<ClientAuth>(
      "client authentication",
      {
          {"none", ClientAuth::none, "Clients are not asked for a certificate."},
          {"optional", ClientAuth::optional, "A certificate that is shown must stand up to verification."},
          {"required", ClientAuth::required, "Without a valid certificate there is no connection."},
      });
  return spec;
}

}  // namespace sluice::net::tls

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;
using File = net::tls::FileFault::File;

void check_client_auth(const ClientAuthConfig& config, conf::Scope& scope) {
  if (config.mode != net::tls::ClientAuth::none && !config.ca) {
    scope.problem("mode", "clients' certificates need somebody to vouch for them", "add ca: a PEM file");
  }
}

net::tls::KeyPairFiles files_of(const CertificateConfig& config) {
  return {*config.certificate, *config.private_key,
          config.ocsp_response ? **config.ocsp_response : std::string{}};
}

using Path = conf::Located<std::string>;

const Path& path_of(const CertificateConfig& config, File file) {
  if (file == File::private_key) return config.private_key;
  return file == File::ocsp_response ? *config.ocsp_response : config.certificate;
}

const Path& path_of(const upstream::UpstreamTlsConfig& config, File file) {
  if (file == File::ca) return *config.ca;
  return file == File::private_key ? *config.private_key : *config.certificate;
}

void report(const Path& path, const net::tls::FileFault& fault, conf::Problems& problems) {
  problems.add(path.where, fmt::format("{}: {}", conf::shown(path), fault.what));
}

// What handshakes find wrong with files: a line a while for each kind of file.
class SharedComplaints {
 public:
  SharedComplaints(std::string listener, std::vector<CertificateConfig> certificates)
      : listener_(std::move(listener)), certificates_(std::move(certificates)) {}

  void add(std::size_t pair, const net::tls::FileFault& fault) {
    const auto count = due_[static_cast<std::size_t>(fault.file)].due(std::chrono::steady_clock::now());
    if (!count) return;
    log::error("listener {}: {}: {} (handshakes: {})", listener_,
               conf::shown(path_of(certificates_[pair], fault.file)), fault.what, *count);
  }

 private:
  static constexpr auto kInterval = 10s;

  const std::string listener_;
  const std::vector<CertificateConfig> certificates_;
  std::array<log::SharedEvery, 3> due_{log::SharedEvery(kInterval), log::SharedEvery(kInterval),
                                       log::SharedEvery(kInterval)};  // by FileFault::File
};

net::tls::ServerPolicy policy_of(const std::string& listener, const ListenerTlsConfig& config) {
  net::tls::ServerPolicy policy{
      .name = listener, .key_pairs = {}, .min_version = config.min_version, .client_ca = {}};
  for (const auto& certificate : config.certificates) policy.key_pairs.push_back(files_of(certificate));
  if (config.wants_client_certificate()) {
    policy.client_auth = config.client_auth->mode;
    policy.client_ca = **config.client_auth->ca;
  }
  return policy;
}

}  // namespace

const conf::ObjectSpec& CertificateConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<CertificateConfig>("Certificate",
                                      "A certificate and its key, for the names in the certificate.")
          .field("certificate", &CertificateConfig::certificate, "PEM file: the certificate, then its chain.",
                 conf::required(), conf::path())
          .field("private_key", &CertificateConfig::private_key,
                 "PEM file of the key, without a pass phrase.", conf::required(), conf::path())
          .field("ocsp_response", &CertificateConfig::ocsp_response,
                 "DER file of an OCSP response for the certificate, which is stapled to handshakes until its "
                 "nextUpdate.",
                 conf::path());
  return spec;
}

const conf::ObjectSpec& ClientAuthConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<ClientAuthConfig>("ClientAuth", "Mutual TLS: clients show certificates.")
          .field("mode", &ClientAuthConfig::mode, "Whether clients must.")
          .field("ca", &ClientAuthConfig::ca, "PEM file of those whose certificates clients may show.",
                 conf::path())
          .where(&ClientAuthConfig::where)
          .check(check_client_auth);
  return spec;
}

const conf::ObjectSpec& ListenerTlsConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<ListenerTlsConfig>("ListenerTls", "TLS with clients.")
          .field("certificates", &ListenerTlsConfig::certificates,
                 "Chosen by the name that the client asks for (SNI): exact, then wildcard, then the first of "
                 "the list.",
                 conf::required(), conf::count(1, 100'000))
          .field("min_version", &ListenerTlsConfig::min_version, "The oldest version that is spoken.")
          .field("client_auth", &ListenerTlsConfig::client_auth, "Certificates of clients.")
          .field("handshake_timeout", &ListenerTlsConfig::handshake_timeout, "How long a handshake may take.",
                 conf::between(1ms, 1h))
          .field("handshakes", &ListenerTlsConfig::handshakes,
                 "Handshakes at the same time, over all workers; more are closed at once.",
                 conf::at_least(1));
  return spec;
}

void add_fault(const ListenerTlsConfig& config, const net::tls::PolicyFault& fault,
               conf::Problems& problems) {
  const auto file = fault.fault.file;
  report(file == File::ca ? *config.client_auth->ca : path_of(config.certificates[fault.pair], file),
         fault.fault, problems);
}

void add_fault(const upstream::UpstreamTlsConfig& config, const net::tls::FileFault& fault,
               conf::Problems& problems) {
  report(path_of(config, fault.file), fault, problems);
}

std::shared_ptr<net::tls::SharedServerContext> server_context(const std::string& listener,
                                                              const ListenerTlsConfig& config,
                                                              std::vector<std::string> protocols,
                                                              conf::Problems& problems) {
  std::vector<net::tls::PolicyFault> faults;
  auto policy = policy_of(listener, config);
  policy.protocols = std::move(protocols);
  policy.complain = [complaints = std::make_shared<SharedComplaints>(listener, config.certificates)](
                        std::size_t pair, const net::tls::FileFault& fault) { complaints->add(pair, fault); };
  auto context = std::make_shared<net::tls::SharedServerContext>(policy, faults);
  for (const auto& fault : faults) add_fault(config, fault, problems);
  return context;
}

namespace {

std::vector<std::string> alpn_names(upstream::Protocol protocol) {
  switch (protocol) {
    case upstream::Protocol::h2:
      return {"h2"};
    case upstream::Protocol::automatic:
      return {"h2", "http/1.1"};
    case upstream::Protocol::http_1_1:
      break;
  }
  return {"http/1.1"};
}

}  // namespace

std::shared_ptr<const net::tls::SharedClientContext> client_context(const upstream::UpstreamConfig& upstream,
                                                                    conf::Problems& problems) {
  const auto& config = *upstream.tls;
  net::tls::ClientPolicy policy{.ca = config.ca ? **config.ca : std::string{},
                                .own = {},
                                .verify = config.verify,
                                .protocols = alpn_names(upstream.protocol)};
  if (config.certificate) policy.own = net::tls::KeyPairFiles{**config.certificate, **config.private_key, {}};
  std::vector<net::tls::FileFault> faults;
  auto context = std::make_shared<const net::tls::SharedClientContext>(policy, faults);
  for (const auto& fault : faults) add_fault(config, fault, problems);
  return context;
}

namespace {

using MaybeFile = std::optional<Path>;

bool is_sound(const MaybeFile& file, const conf::Faults& faults) {
  return file && !faults.within(file->where);
}

void check_authorities(const MaybeFile& ca, const conf::Faults& faults, conf::Problems& problems) {
  if (!is_sound(ca, faults)) return;
  const auto loaded = net::tls::load_authorities(**ca);
  if (const auto* fault = std::get_if<net::tls::FileFault>(&loaded)) report(*ca, *fault, problems);
}

template <class Config>
void check_key_pair(const Config& config, const net::tls::KeyPairFiles& files, ssl_ctx_st& context,
                    conf::Problems& problems) {
  const auto loaded = net::tls::load_key_pair(files, context);
  const auto* wrong = std::get_if<std::vector<net::tls::FileFault>>(&loaded);
  if (wrong == nullptr) return;
  for (const auto& fault : *wrong) report(path_of(config, fault.file), fault, problems);
}

}  // namespace

namespace {

void add_file(const Path& path, conf::Sources& sources) {
  if (!path->empty()) sources.add(*path);
}

void add_file(const MaybeFile& path, conf::Sources& sources) {
  if (path) add_file(*path, sources);
}

}  // namespace

void add_files(const ListenerTlsConfig& config, conf::Sources& sources) {
  for (const auto& one : config.certificates) {
    add_file(one.certificate, sources);
    add_file(one.private_key, sources);
    add_file(one.ocsp_response, sources);
  }
  if (config.wants_client_certificate()) add_file(config.client_auth->ca, sources);
}

void add_files(const upstream::UpstreamTlsConfig& config, conf::Sources& sources) {
  add_file(config.ca, sources);
  add_file(config.certificate, sources);
  add_file(config.private_key, sources);
}

void check_files(const ListenerTlsConfig& config, const conf::Faults& faults, conf::Problems& problems) {
  const auto context = net::tls::make_plain_context();
  for (const auto& one : config.certificates) {
    if (faults.within(one.certificate.where) || faults.within(one.private_key.where)) continue;
    auto files = files_of(one);
    if (!is_sound(one.ocsp_response, faults)) files.ocsp_response.clear();
    check_key_pair(one, files, *context, problems);
  }
  if (config.wants_client_certificate()) check_authorities(config.client_auth->ca, faults, problems);
}

void check_files(const upstream::UpstreamTlsConfig& config, const conf::Faults& faults,
                 conf::Problems& problems) {
  if (config.verify) check_authorities(config.ca, faults, problems);
  if (is_sound(config.certificate, faults) && is_sound(config.private_key, faults))
    check_key_pair(config, {**config.certificate, **config.private_key, {}}, *net::tls::make_plain_context(),
                   problems);
}

}  // namespace sluice::runtime
