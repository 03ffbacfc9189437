// `sluice demo`: the gateway in front of three origins that live in the same process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/demo_certificate.h"
#include "runtime/embedded_server.h"

namespace sluice::runtime {

class Demo {
 public:
  struct Ports {
    std::uint16_t gateway = 8080;
    std::uint16_t tls = 8443;
    std::uint16_t admin = 9901;
  };

  /// Starts the origins, on ports that are free. Throws StartError.
  explicit Demo(const Ports& ports);

  /// The configuration of the gateway in front of them: every feature on a route of its own.
  const std::string& config() const noexcept { return config_; }

  /// Commands to try, for the addresses that the gateway listens on: in the clear, then under TLS.
  std::string guide(const std::vector<net::Address>& gateway, const net::Address& admin) const;

 private:
  const DemoCertificate certificate_;
  std::vector<std::unique_ptr<EmbeddedServer>> origins_;
  std::string config_;
};

}  // namespace sluice::runtime
