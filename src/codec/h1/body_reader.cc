#include "codec/h1/body_reader.h"

#include <algorithm>

#include "net/pipe_pool.h"

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
  piped_ = {};
  pipes_allowed_ = false;
  complete_ = framing.kind == Kind::none || (framing.kind == Kind::length && remaining_ == 0);
  if (framing.kind != Kind::chunked) return;
  if (decoder_) {
    decoder_->reset(decoder_peer(peer));
  } else {
    decoder_ = std::make_unique<ChunkedDecoder>(decoder_peer(peer));
  }
}

void BodyReader::leave_out_nominated(const http::HeaderBlock& head) {
  if (framing_.kind == Kind::chunked) decoder_->leave_out_nominated(head);
}

const http::HeaderBlock* BodyReader::trailers() const noexcept {
  return framing_.kind == Kind::chunked ? &decoder_->trailers() : nullptr;
}

void BodyReader::release() noexcept {
  if (held_ != 0) input_->consume(std::exchange(held_, 0));
  piped_ = {};
}

BodyPiece BodyReader::piece_of(std::size_t bytes, bool last) noexcept {
  slices_[0] = input_->view().substr(0, bytes);
  held_ = bytes;
  bytes_ += bytes;
  complete_ = last;
  return {.slices = {slices_.data(), bytes != 0 ? 1u : 0u}, .bytes = bytes, .last = last};
}

BodyPiece BodyReader::piece_in_pipe(net::Chunk chunk) noexcept {
  piped_ = std::move(chunk);
  const auto bytes = piped_.size();
  input_->count(bytes);
  remaining_ -= bytes;
  bytes_ += bytes;
  complete_ = remaining_ == 0;
  return {.bytes = bytes, .last = complete_, .pipe = piped_.pipe()};
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
  auto piece = take();
  return piece ? Task<Result<BodyPiece>>::done(*piece) : read_more();
}

// What makes a piece without reading; then nothing, and the input is empty.
std::optional<Result<BodyPiece>> BodyReader::take() {
  if (complete_) return BodyPiece{.last = true};
  if (input_->empty()) return std::nullopt;
  if (framing_.kind == Kind::length) {
    auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(input_->view().size(), remaining_));
    remaining_ -= bytes;
    return piece_of(bytes, remaining_ == 0);
  }
  if (framing_.kind != Kind::chunked) return piece_of(input_->view().size(), false);
  auto piece = decode();
  if (!piece || piece->bytes != 0 || piece->last) return piece;
  release();
  return std::nullopt;
}

Task<Result<BodyPiece>> BodyReader::read_more() {
  for (;;) {
    auto chunk = co_await input_->transport().read(expected(), into());
    if (!chunk) {
      auto error = chunk.error();
      error.side = peer_;
      co_return error;
    }
    if (chunk->empty()) {
      bool ends = framing_.kind == Kind::until_close || framing_.kind == Kind::tunnel;
      if (!ends) co_return Error{.fault = Fault::closed, .side = peer_};
      input_->refill(std::move(*chunk));
      co_return piece_of(0, true);
    }
    if (chunk->pipe()) co_return piece_in_pipe(std::move(*chunk));
    input_->refill(std::move(*chunk));
    if (auto piece = take()) co_return *piece;
  }
}

// What ends where the body does can pass by unseen.
net::Transport::Into BodyReader::into() const noexcept {
  const bool pipe = pipes_allowed_ && framing_.kind == Kind::length && remaining_ >= net::PipePool::kWorthIt;
  return pipe ? net::Transport::Into::pipe : net::Transport::Into::memory;
}

// Bytes that are known to be coming, or are likely to.
std::size_t BodyReader::expected() const noexcept {
  constexpr std::size_t much = 256 * std::size_t{1024};
  switch (framing_.kind) {
    case Kind::length:
      return static_cast<std::size_t>(remaining_);
    case Kind::chunked:
      return static_cast<std::size_t>(decoder_->remaining_in_chunk());
    default:
      return bytes_ >= much ? much : 0;
  }
}

}  // namespace sluice::codec::h1
