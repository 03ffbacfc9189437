// One line of the access log, before it is formatted.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "http/grpc.h"
#include "http/reason.h"
#include "http/token.h"

namespace sluice::telemetry {

/// Plain data; the texts are views of the exchange's and are copied into the ring. Empty texts mean
/// "not known" and are left out. Nothing here needs to be escaped beforehand.
struct AccessRecord {
  WallTime time{};                              ///< When the request began.
  Duration duration{};                          ///< To the last byte or the failure.
  std::optional<Duration> upstream_duration{};  ///< Of the last attempt; absent where no upstream was asked.
  std::uint64_t bytes_in = 0;                   ///< From the client, heads included.
  std::uint64_t bytes_out = 0;                  ///< To the client, heads included.
  int status = 0;                               ///< 499: the client left first. 0: no response was begun.
  http::Reason reason = http::Reason::none;
  std::optional<http::GrpcStatus> grpc_status{};  ///< Of the response to a gRPC call, where there was one.
  http::Version version = http::Version::http_1_1;
  std::uint16_t attempts = 0;
  bool tls_resumed = false;  ///< The handshake took an earlier session up; only with a tls_version.

  std::string_view listener{};
  std::string_view client{};  ///< The effective client's address.
  std::string_view peer{};    ///< Address and port of who holds the connection.
  std::string_view method{};
  std::string_view host{};
  std::string_view path{};
  std::string_view query{};  ///< Without the question mark.
  std::string_view route{};
  std::string_view upstream{};
  std::string_view endpoint{};
  std::string_view request_id{};
  std::string_view trace_id{};
  std::string_view consumer{};
  std::string_view user_agent{};
  std::string_view referer{};
  std::string_view tls_version{};      ///< "TLSv1.3"; empty for plain connections.
  std::string_view tls_cipher{};       ///< As IANA names it.
  std::string_view tls_server_name{};  ///< SNI, as the client sent it.
};

/// One text of a record: where it is, what it is called, and the most of it that is kept.
struct AccessText {
  std::string_view AccessRecord::*member;
  std::string_view key;
  std::uint16_t limit;  ///< Bytes; a longer text is cut and ends in an ellipsis.
};

/// In the order in which rings and JSON lines hold them.
inline constexpr AccessText access_texts[] = {
    {&AccessRecord::listener, "listener", 128},
    {&AccessRecord::client, "client", 64},
    {&AccessRecord::peer, "peer", 128},
    {&AccessRecord::method, "method", 32},
    {&AccessRecord::host, "host", 255},
    {&AccessRecord::path, "path", 1024},
    {&AccessRecord::query, "query", 1024},
    {&AccessRecord::route, "route", 128},
    {&AccessRecord::upstream, "upstream", 128},
    {&AccessRecord::endpoint, "endpoint", 128},
    {&AccessRecord::request_id, "request_id", 128},
    {&AccessRecord::trace_id, "trace_id", 32},
    {&AccessRecord::consumer, "consumer", 128},
    {&AccessRecord::user_agent, "user_agent", 512},
    {&AccessRecord::referer, "referer", 512},
    {&AccessRecord::tls_version, "tls_version", 16},
    {&AccessRecord::tls_cipher, "tls_cipher", 64},
    {&AccessRecord::tls_server_name, "tls_server_name", 255},
};
inline constexpr std::size_t access_text_count = sizeof(access_texts) / sizeof(access_texts[0]);

}  // namespace sluice::telemetry
