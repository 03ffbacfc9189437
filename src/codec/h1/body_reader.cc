#include "codec/h1/body_reader.h"

#include <algorithm>

namespace sluice::codec::h1 {

using Kind = http::BodyLength::Kind;

namespace {

ChunkedDecoder::Peer decoder_peer(Side peer) {
  return peer == Side::client ? ChunkedDecoder::Peer::client : ChunkedDecoder::Peer::upstream;
}

}  // namespace

void BodyReader::begin(Input& input, Side peer, http::BodyLength framing) {
  input_ = &input;
  peer_ = peer;
  framing_ = framing;
  remaining_ = framing.kind == Kind::length ? framing.length : 0;
  bytes_ = 0;
  held_ = 0;
  complete_ = framing.kind == Kind::none || (framing.kind == Kind::length && remaining_ == 0);
  if (framing.kind != Kind::chunked) return;
  if (decoder_) {
    decoder_->reset(decoder_peer(peer));
  } else {
    decoder_ = std::make_unique<ChunkedDecoder>(decoder_peer(peer));
  }
}

const http::HeaderBlock* BodyReader::trailers() const noexcept {
  return framing_.kind == Kind::chunked ? &decoder_->trailers() : nullptr;
}

void BodyReader::release() noexcept {
  if (held_ != 0) input_->consume(std::exchange(held_, 0));
}

BodyPiece BodyReader::piece_of(std::size_t bytes, bool last) noexcept {
  slices_[0] = input_->view().substr(0, bytes);
  held_ = bytes;
  bytes_ += bytes;
  complete_ = last;
  return {.slices = {slices_.data(), bytes != 0 ? 1u : 0u}, .bytes = bytes, .last = last};
}

// Reads into the empty input; false at the end of the stream.
Task<Result<bool>> BodyReader::refill() {
  std::size_t expected = framing_.kind == Kind::length      ? remaining_
                         : framing_.kind == Kind::chunked   ? decoder_->remaining_in_chunk()
                         : bytes_ >= 256 * std::size_t{1024} ? 256 * std::size_t{1024}
                                                             : 0;
  auto chunk = co_await input_->transport().read(expected);
  if (!chunk) {
    auto error = chunk.error();
    error.side = peer_;
    co_return error;
  }
  bool more = !chunk->empty();
  input_->refill(std::move(*chunk));
  co_return more;
}

// Takes what the input has; a piece without bytes that is not the last asks for more.
Result<BodyPiece> BodyReader::decode() {
  BodyPiece piece;
  std::size_t count = 0;
  auto left = input_->view();
  while (count < kMaxSlices && !complete_) {
    auto step = decoder_->feed(left);
    left.remove_prefix(step.consumed);
    held_ += step.consumed;
    if (step.status == ChunkedDecoder::Status::refused) {
      return Error{.fault = Fault::malformed, .side = peer_};
    }
    if (!step.data.empty()) {
      slices_[count++] = step.data;
      piece.bytes += step.data.size();
    }
    complete_ = decoder_->done();
    if (step.status == ChunkedDecoder::Status::more) break;
  }
  bytes_ += piece.bytes;
  piece.slices = {slices_.data(), count};
  piece.last = complete_;
  return piece;
}

Task<Result<BodyPiece>> BodyReader::read() {
  release();
  if (complete_) co_return BodyPiece{.last = true};
  for (;;) {
    if (input_->empty()) {
      auto more = co_await refill();
      if (!more) co_return more.error();
      if (!*more) {
        bool ends = framing_.kind == Kind::until_close || framing_.kind == Kind::tunnel;
        if (!ends) co_return Error{.fault = Fault::closed, .side = peer_};
        co_return piece_of(0, true);
      }
    }
    if (framing_.kind == Kind::length) {
      auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(input_->view().size(), remaining_));
      remaining_ -= bytes;
      co_return piece_of(bytes, remaining_ == 0);
    }
    if (framing_.kind != Kind::chunked) co_return piece_of(input_->view().size(), false);
    auto piece = decode();
    if (!piece || piece->bytes != 0 || piece->last) co_return piece;
    release();
  }
}

}  // namespace sluice::codec::h1
