// The certificate that the demo shows: made on its first run, kept for the next ones.
#pragma once

#include <string>

namespace sluice::runtime {

struct DemoCertificate {
  std::string certificate;  ///< Paths of PEM files.
  std::string private_key;
};

/// For localhost, 127.0.0.1 and ::1, in $XDG_CACHE_HOME/sluice, $HOME/.cache/sluice or, without either, a new
/// folder for temporary files; made anew where it is missing, broken or ends within a day. Throws StartError.
DemoCertificate demo_certificate();

}  // namespace sluice::runtime
