// Resolves names by asking name servers, on a thread of its own.
#pragma once

#include <memory>
#include <string>

#include "upstream/dns/config.h"
#include "upstream/resolver.h"

namespace sluice::upstream {

/// Where the machine says how its names are resolved.
struct SystemFiles {
  std::string resolv_conf = "/etc/resolv.conf";
  std::string hosts = "/etc/hosts";
};

/// Looks into the hosts file, then asks name servers for A and AAAA, or SRV. Both files are read again when
/// they change. Names that many ask for at once are asked for once.
class CaresResolver final : public Resolver {
 public:
  explicit CaresResolver(DnsConfig config, SystemFiles files = {});
  /// Forgets what is under way; does not wait for it.
  ~CaresResolver() override;

  void resolve(std::string host, OnAddresses callback) override;
  void find_services(std::string name, OnServices callback) override;

  /// What is asked from now on goes by this. Any thread.
  void configure(DnsConfig config);

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace sluice::upstream
