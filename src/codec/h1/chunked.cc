#include "codec/h1/chunked.h"

#include <algorithm>
#include <cstring>

#include "http/chars.h"

namespace sluice::codec::h1 {
namespace {

using http::Reason;

constexpr std::uint64_t max_chunk_size = (std::uint64_t{1} << 62) - 1;
constexpr std::uint8_t max_size_digits = 16;

}  // namespace

ChunkedDecoder::ChunkedDecoder(Peer peer, const ChunkedLimits& limits) noexcept
    : limits_(limits), peer_(peer) {}

void ChunkedDecoder::reset(Peer peer) noexcept {
  peer_ = peer;
  state_ = State::size;
  place_ = ExtensionPlace::item_end;
  size_digits_ = 0;
  extension_bytes_ = 0;
  remaining_ = 0;
  overhead_ = 0;
  refusal_ = {};
  scan_.reset(false);
  pending_.clear();
  nominated_.clear();
  trailers_.clear();
}

ChunkedDecoder::Step ChunkedDecoder::feed(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (state_ == State::data) return take_data(bytes, i);
    if (state_ == State::trailers) return take_trailers(bytes, i);
    if (state_ == State::done) return {Status::done, i, {}};
    if (!take_framing(bytes[i])) return {Status::refused, i, {}};
  }
  if (state_ == State::refused) return {Status::refused, 0, {}};
  return {state_ == State::done ? Status::done : Status::more, bytes.size(), {}};
}

void ChunkedDecoder::skip(std::uint64_t bytes) noexcept {
  remaining_ -= std::min(bytes, remaining_);
  if (state_ == State::data && remaining_ == 0) state_ = State::data_cr;
}

ChunkedDecoder::Step ChunkedDecoder::take_data(std::string_view bytes, std::size_t from) {
  const std::uint64_t here = std::min<std::uint64_t>(remaining_, bytes.size() - from);
  const std::string_view data = bytes.substr(from, static_cast<std::size_t>(here));
  skip(here);
  return {Status::data, from + data.size(), data};
}

// One byte that is neither body nor trailer. False: refused.
bool ChunkedDecoder::take_framing(char c) {
  switch (state_) {
    case State::size:
      return take_size(c);
    case State::extension:
      return take_extension(c);
    case State::size_lf:
      return expect(c, '\n', State::size_lf) && end_size_line();
    case State::data_cr:
      return expect(c, '\r', State::data_lf);
    case State::data_lf:
      return expect(c, '\n', State::size);
    default:
      return false;
  }
}

bool ChunkedDecoder::take_size(char c) {
  if (http::is(c, http::hex)) {
    if (size_digits_ == max_size_digits) return refuse_chunk("chunk size with too many digits");
    size_digits_ += 1;
    if (remaining_ > (max_chunk_size >> 4)) return refuse_chunk("chunk size too large");
    remaining_ = remaining_ << 4 | http::hex_value(c);
    return true;
  }
  if (size_digits_ == 0) return refuse_chunk("empty or invalid chunk size");
  state_ = State::extension;
  place_ = ExtensionPlace::item_end;
  extension_bytes_ = 0;
  return take_extension(c);
}

bool ChunkedDecoder::take_extension(char c) {
  if (c == '\r') {
    if (!may_end(place_)) return refuse_chunk("cut-off chunk extension or bare CR in it");
    state_ = State::size_lf;
    return true;
  }
  if (++extension_bytes_ > limits_.extension_bytes)
    return refuse_chunk("chunk extension longer than the limit");
  place_ = next_place(place_, c);
  if (place_ != ExtensionPlace::invalid) return true;
  return refuse_chunk(http::is(c, http::field_vchar) ? "junk behind the chunk size" : describe_fault(c));
}

// Chunks that are nearly all extension would make the gateway work for nothing: what they cost is
// weighed against the body they carry.
bool ChunkedDecoder::end_size_line() {
  size_digits_ = 0;
  const std::uint64_t allowance = 16 + 2 * remaining_;
  overhead_ += extension_bytes_;
  overhead_ -= std::min(overhead_, allowance);
  if (overhead_ > limits_.overhead_bytes)
    return refuse_chunk("chunk extensions longer than the limit in all");
  state_ = remaining_ == 0 ? State::trailers : State::data;
  return true;
}

bool ChunkedDecoder::expect(char c, char wanted, State next) {
  if (c == wanted) {
    state_ = next;
    return true;
  }
  const bool in_size_line = state_ == State::size_lf;
  return refuse_chunk(in_size_line ? "bare CR behind the chunk size" : "chunk data not followed by CRLF");
}

// The section is parsed where it lies if it came in one piece, which "\r\n" nearly always does;
// otherwise it is gathered.
ChunkedDecoder::Step ChunkedDecoder::take_trailers(std::string_view bytes, std::size_t from) {
  const std::string_view here = bytes.substr(from);
  const std::size_t room =
      limits_.trailer_bytes - std::min<std::size_t>(limits_.trailer_bytes, pending_.size());
  const std::string_view taken = here.substr(0, room);
  if (pending_.empty()) {
    const Step step = end_trailers(taken, from, taken.size() == limits_.trailer_bytes);
    if (step.status == Status::more) {
      pending_.assign(taken);
      scan_.ready(pending_);
    }
    return step;
  }
  const std::size_t before = pending_.size();
  pending_.append(taken);
  const bool full = pending_.size() == limits_.trailer_bytes;
  if (!scan_.ready(pending_) && !full) return {Status::more, bytes.size(), {}};
  Step step = end_trailers(pending_, from, full);
  if (step.status == Status::done) step.consumed -= before;
  if (step.status == Status::more) step.consumed = bytes.size();
  return step;
}

ChunkedDecoder::Step ChunkedDecoder::end_trailers(std::string_view section, std::size_t bytes_before,
                                                  bool full) {
  const bool client = peer_ == Peer::client;
  const SectionRules rules =
      client ? SectionRules{Reason::invalid_chunk, Reason::header_fields_too_large, limits_.trailer_fields}
             : SectionRules{Reason::upstream_invalid_chunk, Reason::upstream_invalid_chunk,
                            limits_.trailer_fields};
  const SectionResult result = parse_field_section(section, rules, trailers_);
  if (result.status == ParseStatus::incomplete) {
    if (!full) return {Status::more, bytes_before + section.size(), {}};
    refuse(rules.too_large, "trailer section larger than the limit");
    return {Status::refused, bytes_before, {}};
  }
  if (result.status == ParseStatus::refused) {
    refuse(result.refusal.reason, result.refusal.detail);
    return {Status::refused, bytes_before, {}};
  }
  for (const http::HeaderBlock::Field& field : trailers_) {
    if (!http::is_forbidden_in_trailer(field.token) && !(client && http::imitates_asserted(field.name)))
      continue;
    refuse(client ? Reason::forbidden_trailer : Reason::upstream_invalid_chunk,
           "field not allowed in a trailer section");
    return {Status::refused, bytes_before, {}};
  }
  trailers_.remove_if(
      [](const http::HeaderBlock::Field& field) { return http::ends_in_trailer(field.token); });
  http::remove_nominated(trailers_, nominated_);
  state_ = State::done;
  return {Status::done, bytes_before + static_cast<std::size_t>(result.end - section.data()), {}};
}

bool ChunkedDecoder::refuse(Reason reason, std::string_view detail) {
  state_ = State::refused;
  trailers_.clear();
  refusal_ = {reason, detail};
  return false;
}

bool ChunkedDecoder::refuse_chunk(std::string_view detail) {
  return refuse(peer_ == Peer::client ? Reason::invalid_chunk : Reason::upstream_invalid_chunk, detail);
}

ChunkSizeLine::ChunkSizeLine(std::uint64_t size) noexcept : start_(16) {
  text_[start_] = '\r';
  text_[start_ + 1] = '\n';
  do {
    text_[--start_] = "0123456789abcdef"[size & 15];
    size >>= 4;
  } while (size != 0);
}

std::size_t last_chunk_size(const http::HeaderBlock& trailers) noexcept {
  return last_chunk.size() + trailers.wire_size();
}

char* write_last_chunk(char* out, const http::HeaderBlock& trailers) noexcept {
  out = std::copy_n("0\r\n", 3, out);
  out = trailers.write_wire(out);
  return std::copy_n("\r\n", 2, out);
}

}  // namespace sluice::codec::h1
