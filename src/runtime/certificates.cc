#include "runtime/certificates.h"

#include <algorithm>
#include <string_view>

#include "telemetry/log.h"

namespace sluice::runtime {
namespace {

// A renewal of thousands at once is told by these and a count.
constexpr std::size_t kMostLines = 20;

class Refresh {
 public:
  void listener(const ListenerConfig& config, const net::tls::SharedServerContext& context) {
    const auto found = context.refresh();
    for (const auto pair : found.taken) {
      const bool is_ca = pair == std::string::npos;
      tell(config.name, is_ca ? *config.tls->client_auth->ca : config.tls->certificates[pair].certificate);
    }
    for (const auto& fault : found.refused) add_fault(*config.tls, fault, result_.refused);
  }

  void upstream(const std::string& name, const upstream::UpstreamTlsConfig& config,
                const net::tls::SharedClientContext& context) {
    const auto found = context.refresh();
    if (found.taken) tell(name, config.certificate ? *config.certificate : *config.ca);
    for (const auto& fault : found.refused) add_fault(config, fault, result_.refused);
  }

  CertificateRefresh done() {
    if (result_.taken > kMostLines)
      log::info("and {} more files of TLS are in use anew", result_.taken - kMostLines);
    const auto refused = result_.refused.sorted();
    for (std::size_t i = 0; i < std::min(refused.size(), kMostLines); ++i) {
      log::error("{}; what was read before stays in use", conf::one_line(refused[i]));
    }
    if (result_.refused.size() > kMostLines)
      log::error("and {} more files of TLS were refused", result_.refused.size() - kMostLines);
    return std::move(result_);
  }

 private:
  void tell(std::string_view of, const conf::Located<std::string>& file) {
    if (++result_.taken <= kMostLines)
      log::info("{}: {} has changed, and is in use anew", of, conf::shown(file));
  }

  CertificateRefresh result_;
};

}  // namespace

CertificateRefresh refresh_certificates(const Snapshot& snapshot) {
  Refresh refresh;
  for (std::size_t i = 0; i < snapshot.listeners.size(); ++i) {
    const auto& plan = *snapshot.listeners[i];
    if (plan.tls) refresh.listener(snapshot.config.listeners[i], *plan.tls->context);
  }
  for (const auto& upstream : snapshot.upstreams) {
    if (const auto& tls = upstream->tls()) refresh.upstream(upstream->name(), *upstream->config().tls, *tls);
  }
  return refresh.done();
}

std::vector<telemetry::CertificateState> certificate_states(const Snapshot& snapshot) {
  std::vector<telemetry::CertificateState> states;
  for (const auto& listener : snapshot.listeners) {
    if (!listener->tls) continue;
    const auto& name = listener->settings.name;
    auto stale = listener->tls->context->stale();
    for (const auto& [certificate, when] : listener->tls->context->expiries()) {
      const auto seconds = std::chrono::duration<double>(when.time_since_epoch()).count();
      const bool is_stale = std::erase(stale, certificate) != 0;
      states.push_back(
          {.listener = name, .certificate = certificate, .not_after = seconds, .stale = is_stale});
    }
    for (auto& ca : stale) states.push_back({.listener = name, .certificate = std::move(ca), .stale = true});
  }
  return states;
}

}  // namespace sluice::runtime
