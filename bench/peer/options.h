#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::bench {

enum class Mode {
  keep_alive,      ///< every connection is used again and again
  new_connection,  ///< every request has its own connection, and says `Connection: close`
  idle             ///< every connection carries one request and is then held open
};

/// How the clients' connections are encrypted.
enum class Encryption {
  none,
  full,    ///< TLS, a full handshake for every connection
  resumed  ///< TLS, a resumed handshake once a ticket has come
};

struct Options {
  std::string proxy_host = "127.0.0.1";
  std::uint16_t proxy_port = 0;   ///< 0: no client, the origin alone
  std::uint16_t origin_port = 0;  ///< 0: no origin, the client alone
  std::size_t connections = 64;
  double seconds = 5;  ///< what is measured, after the warm-up
  double warm_up = 0.5;
  double rate = 0;  ///< requests a second; 0: each connection sends as soon as it has its answer
  std::string path = "/1k";
  Mode mode = Mode::keep_alive;
  Encryption tls = Encryption::none;
  double timeout = 5;        ///< seconds a request may take before it counts as an error
  unsigned sources = 1;      ///< loopback addresses that clients connect from, from 127.0.0.1 up
  std::vector<pid_t> watch;  ///< processes whose CPU time in the measured span is reported
};

/// Reads the command line. Prints help or what is wrong, and ends the process, when there is nothing to run.
Options parse_options(int argc, char** argv);

}  // namespace sluice::bench
