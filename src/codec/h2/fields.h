// Heads and trailer sections on their way to nghttp2.
#pragma once

#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "base/arena.h"
#include "http/body_length.h"
#include "http/header_block.h"

namespace sluice::codec::h2 {

/// Names and values in the order in which they are sent. When they are submitted nghttp2 copies them, the
/// names in lower case.
using Pairs = std::vector<nghttp2_nv>;

/// For one head; empty. One is in use at a time on a thread.
Pairs& new_pairs();

void add_pair(Pairs& pairs, std::string_view name, std::string_view value);

/// All but those that HTTP/1.1 alone knows (RFC 9113 8.2.2).
void add_fields(Pairs& pairs, const http::HeaderBlock& fields);

/// The same of a request: without Host, which :authority stands for, and with `te: trailers` where it is
/// among them.
void add_request_fields(Pairs& pairs, const http::HeaderBlock& fields);

/// The body's length where it is known, and not among the fields already.
void add_content_length(Pairs& pairs, const http::HeaderBlock& fields, const http::BodyLength& body,
                        Arena& arena);

/// Bytes of names and values.
std::size_t size_of(const Pairs& pairs) noexcept;

inline std::string_view view(const std::uint8_t* data, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(data), size};
}

/// What a field adds to the size of a head (RFC 9113 6.5.2).
inline constexpr std::size_t kFieldOverhead = 32;

}  // namespace sluice::codec::h2
