// Heads of HTTP/1.1, written into the caller's buffer. The size is known beforehand, so that a buffer
// that does not fit is seen before a byte is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/header_block.h"

namespace sluice::codec::h1 {

/// A field written behind those of the block; the writer of the value answers for its bytes.
struct ExtraField {
  std::string_view name;
  std::string_view value;
};

struct RequestHeadOut {
  std::string_view method;
  std::string_view path;        ///< Or the whole target, `query` then empty.
  std::string_view query = {};  ///< Without '?'.
  bool has_query = false;       ///< Writes '?' and `query`.
};

struct ResponseHeadOut {
  int status = 200;              ///< 100 to 999.
  std::string_view phrase = {};  ///< Empty: the usual one of the status.
};

std::size_t head_size(const RequestHeadOut& line, const http::HeaderBlock& fields,
                      std::span<const ExtraField> extra = {});
std::size_t head_size(const ResponseHeadOut& line, const http::HeaderBlock& fields,
                      std::span<const ExtraField> extra = {});

/// Writes the head as HTTP/1.1, with its empty line, and returns its size; 0 where `out` is smaller than
/// head_size(), and then nothing is written. Fields keep their order and spelling.
std::size_t write_head(std::span<char> out, const RequestHeadOut& line, const http::HeaderBlock& fields,
                       std::span<const ExtraField> extra = {});
std::size_t write_head(std::span<char> out, const ResponseHeadOut& line, const http::HeaderBlock& fields,
                       std::span<const ExtraField> extra = {});

}  // namespace sluice::codec::h1
