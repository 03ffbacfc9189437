// The chunked transfer coding (RFC 9112 7.1), read in place and written by small pieces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "codec/h1/chunked_extension.h"
#include "codec/h1/head_parser_fields.h"
#include "http/header_block.h"
#include "http/hop_by_hop.h"
#include "http/reason.h"

namespace sluice::codec::h1 {

struct ChunkedLimits {
  std::uint32_t extension_bytes = 1024;  ///< Of one chunk, without CRLF.
  std::uint32_t overhead_bytes =
      16 * 1024;  ///< Extensions in all, less 16 bytes and twice the data of each chunk.
  std::uint32_t trailer_bytes = 8 * 1024;
  std::uint32_t trailer_fields = 64;
};

/// Decodes one chunked body. Body bytes are handed out as views of what was fed: nothing is copied but
/// a trailer section. Refuses sizes that are empty, signed, overflowing or followed by junk, extensions
/// that are not `;name[=value]`, a chunk not followed by CRLF, and fields that may not be trailers.
class ChunkedDecoder {
 public:
  enum class Peer : std::uint8_t { client, upstream };  ///< Whose body: decides the reasons of refusals.

  enum class Status : std::uint8_t {
    more,     ///< Everything was consumed; feed what comes next.
    data,     ///< `data` is body; feed the rest again.
    done,     ///< The body and its trailers are complete; bytes behind `consumed` are the next message's.
    refused,  ///< See refusal(); nothing more can be fed.
  };

  struct Step {
    Status status;
    std::size_t consumed;  ///< Bytes of the input that are dealt with, `data` included.
    std::string_view data;
  };

  explicit ChunkedDecoder(Peer peer, const ChunkedLimits& limits = {}) noexcept;

  /// Takes bytes from where the last step ended.
  Step feed(std::string_view bytes);

  /// Body bytes that are still to come in the current chunk, 0 between chunks: as much may be moved
  /// without being looked at, and told by skip().
  std::uint64_t remaining_in_chunk() const noexcept { return state_ == State::data ? remaining_ : 0; }
  void skip(std::uint64_t bytes) noexcept;

  bool done() const noexcept { return state_ == State::done; }
  const http::Refusal& refusal() const noexcept { return refusal_; }

  /// Complete once done(); empty where none were sent.
  const http::HeaderBlock& trailers() const noexcept { return trailers_; }
  http::HeaderBlock& trailers() noexcept { return trailers_; }

  /// The trailers come without those that Connection nominates in the head of the message (RFC 9110 7.6.1).
  void leave_out_nominated(const http::HeaderBlock& head) { http::note_nominated_trailers(head, nominated_); }

  /// Makes the decoder ready for another body.
  void reset(Peer peer) noexcept;

 private:
  enum class State : std::uint8_t {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailers,
    done,
    refused
  };

  bool take_framing(char c);
  bool take_size(char c);
  bool take_extension(char c);
  bool end_size_line();
  bool expect(char c, char wanted, State next);
  Step take_data(std::string_view bytes, std::size_t from);
  Step take_trailers(std::string_view bytes, std::size_t from);
  Step end_trailers(std::string_view section, std::size_t bytes_before, bool full);
  bool refuse(http::Reason reason, std::string_view detail);
  bool refuse_chunk(std::string_view detail);

  ChunkedLimits limits_;
  Peer peer_;
  State state_ = State::size;
  ExtensionPlace place_ = ExtensionPlace::item_end;
  std::uint8_t size_digits_ = 0;
  std::uint32_t extension_bytes_ = 0;
  std::uint64_t remaining_ = 0;
  std::uint64_t overhead_ = 0;
  http::Refusal refusal_;
  SectionScan scan_{false};
  std::string pending_;  // trailer bytes that came in pieces
  std::string nominated_;
  http::HeaderBlock trailers_;
};

/// "1a2b\r\n" in place, for a gathered write in front of the data; CRLF must follow the data.
class ChunkSizeLine {
 public:
  explicit ChunkSizeLine(std::uint64_t size) noexcept;
  std::string_view view() const noexcept { return {text_.data() + start_, text_.size() - start_}; }

 private:
  std::array<char, 18> text_;
  std::size_t start_;
};

inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";  ///< Without trailers.

/// Bytes of the last chunk and these trailers.
std::size_t last_chunk_size(const http::HeaderBlock& trailers) noexcept;

/// Writes last_chunk_size() bytes at `out` and returns their end.
char* write_last_chunk(char* out, const http::HeaderBlock& trailers) noexcept;

}  // namespace sluice::codec::h1
