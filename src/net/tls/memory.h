// OpenSSL's memory, recycled.
#pragma once

namespace sluice::net::tls {

/// From now on OpenSSL takes its memory from free lists of the thread that asks, with no lock and no search:
/// a handshake takes and gives back some hundred small blocks, and every record the 17 KiB that it is opened
/// or sealed in. To be called before anything else of OpenSSL in the process; later it does nothing.
void recycle_memory() noexcept;

}  // namespace sluice::net::tls
