// From a parsed request line and fields to what the request means.
#pragma once

#include "base/arena.h"
#include "codec/h1/head_parser.h"
#include "http/reason.h"
#include "sluice/head.h"

namespace sluice::codec::h1 {

/// Fills the head beside its fields, which are there already: method, version, target, authority,
/// host, framing. Texts are copied into the arena. The refusal says what is wrong with it.
http::Refusal take_request(const RequestLine& line, RequestHead& head, Arena& arena);

}  // namespace sluice::codec::h1
