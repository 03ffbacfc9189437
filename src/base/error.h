// What went wrong on the data path, and whose fault it was.
#pragma once

#include <cstdint>
#include <string_view>

#include <boost/system/result.hpp>

namespace sluice {

/// What happened. Stable names, used in logs and metrics.
enum class Fault : std::uint8_t {
  none,
  closed,          ///< The peer ended the stream in order (FIN) where more was needed.
  reset,           ///< The peer broke the connection (ECONNRESET, EPIPE).
  refused,         ///< Nobody listens there (ECONNREFUSED).
  unreachable,     ///< No route to the host or network.
  timed_out,       ///< A deadline of ours passed.
  cancelled,       ///< We gave up the operation ourselves.
  no_descriptors,  ///< EMFILE, ENFILE.
  no_memory,       ///< ENOMEM, ENOBUFS.
  malformed,       ///< The peer broke the protocol.
  too_large,       ///< A limit on size or count was passed.
  unresolved,      ///< The name has no address.
  tls,             ///< Handshake or record failure.
  certificate,     ///< The peer's certificate does not stand up to verification.
  no_protocol,     ///< The handshake agrees on no protocol that we want to speak.
  removed,         ///< The endpoint has left its upstream.
  other,           ///< See os_error.
};

/// Whose side the fault came from.
enum class Side : std::uint8_t { client, upstream, us };

/// Decided where the fault is seen: what, whose, and whether a retry is safe.
struct Error {
  Fault fault = Fault::none;
  Side side = Side::us;
  bool retry_safe = false;  ///< No byte of the request can have been acted on.
  int os_error = 0;         ///< errno where there was one, else 0.

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = boost::system::result<T, Error>;

/// The stable name of a fault, as logs and metrics show it.
std::string_view name(Fault fault) noexcept;
std::string_view name(Side side) noexcept;

/// Classifies an errno value; the side is set by the caller who knows it.
Error from_errno(int os_error) noexcept;

/// boost::system::result calls this when value() is asked of an error: a broken invariant.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace sluice
