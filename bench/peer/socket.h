#pragma once

#include <cstdint>
#include <string>

namespace sluice::bench {

/// A listening, non-blocking TCP socket on 127.0.0.1. Throws std::system_error when the port cannot be had.
int listen_on_loopback(std::uint16_t port);

/// A non-blocking TCP socket on its way to `host`:`port`, with TCP_NODELAY, bound to 127.0.0.`source` when
/// that is not 0; -1, with errno, when the kernel refuses. `host` must be a numeric IPv4 address.
int connect_from(unsigned source, const std::string& host, std::uint16_t port);

void set_no_delay(int fd);

/// Lets the process open as many descriptors as its hard limit allows.
void raise_descriptor_limit();

}  // namespace sluice::bench
