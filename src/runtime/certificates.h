// Certificates that change while they are in use.
#pragma once

#include <cstddef>
#include <vector>

#include "conf/problem.h"
#include "runtime/snapshot.h"
#include "telemetry/exposition.h"

namespace sluice::runtime {

struct CertificateRefresh {
  std::size_t taken = 0;  ///< Key pairs and CAs that handshakes use from now on.
  conf::Problems
      refused;  ///< What is wrong with the others that changed, where they are named; the old ones stay.
};

/// Looks again at the files of all certificates, keys, OCSP responses and CAs, of listeners and of upstreams,
/// and takes those that have changed; says so in the log. Connections, tickets and pools go on. Control
/// thread; costs a stat for each file, and reads those that changed.
CertificateRefresh refresh_certificates(const Snapshot& snapshot);

/// Of all that listeners show. Any thread.
std::vector<telemetry::CertificateState> certificate_states(const Snapshot& snapshot);

}  // namespace sluice::runtime
