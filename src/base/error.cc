#include "base/error.h"

#include <cerrno>
#include <stdexcept>
#include <string>

namespace sluice {

std::string_view name(Fault fault) noexcept {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::closed:
      return "closed";
    case Fault::reset:
      return "reset";
    case Fault::refused:
      return "refused";
    case Fault::unreachable:
      return "unreachable";
    case Fault::timed_out:
      return "timed_out";
    case Fault::cancelled:
      return "cancelled";
    case Fault::no_descriptors:
      return "no_descriptors";
    case Fault::no_memory:
      return "no_memory";
    case Fault::malformed:
      return "malformed";
    case Fault::too_large:
      return "too_large";
    case Fault::unresolved:
      return "unresolved";
    case Fault::tls:
      return "tls";
    case Fault::certificate:
      return "certificate";
    case Fault::no_protocol:
      return "no_protocol";
    case Fault::removed:
      return "removed";
    case Fault::other:
      return "other";
  }
  return "other";
}

std::string_view name(Side side) noexcept {
  switch (side) {
    case Side::client:
      return "client";
    case Side::upstream:
      return "upstream";
    case Side::us:
      return "us";
  }
  return "us";
}

Error from_errno(int os_error) noexcept {
  auto fault = [os_error] {
    switch (os_error) {
      case 0:
        return Fault::none;
      case ECONNRESET:
      case EPIPE:
      case ECONNABORTED:
        return Fault::reset;
      case ECONNREFUSED:
      case ENOENT:
        return Fault::refused;  // ENOENT: a unix socket that is not there
      case ENETUNREACH:
      case EHOSTUNREACH:
      case ENETDOWN:
      case EHOSTDOWN:
      case EADDRNOTAVAIL:
        return Fault::unreachable;
      case ETIMEDOUT:
        return Fault::timed_out;
      case ECANCELED:
        return Fault::cancelled;
      case EMFILE:
      case ENFILE:
        return Fault::no_descriptors;
      case ENOMEM:
      case ENOBUFS:
        return Fault::no_memory;
      default:
        return Fault::other;
    }
  }();
  return Error{.fault = fault, .os_error = os_error};
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::logic_error("value of an error: " + std::string(name(error.fault)) + " at " + where.to_string());
}

}  // namespace sluice
