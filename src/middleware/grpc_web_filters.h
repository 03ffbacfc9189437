// The bodies of gRPC-Web (grpc/doc/PROTOCOL-WEB.md), as filters.
#pragma once

#include <string>

#include "base/base64.h"
#include "sluice/body.h"

namespace sluice::middleware {

/// A request in base64, decoded as it comes; padding may stand between pieces that were encoded by
/// themselves.
class GrpcWebTextDecoder final : public BodyFilter {
 public:
  Result<BodyPiece> filter(const BodyPiece& piece) override;

 private:
  Base64Decoder decoder_;
  std::string out_;
  Slice slice_;
};

/// A response, with its trailers as its last frame: 0x80, their size in four bytes, "name: value\r\n" of
/// each.
class GrpcWebEncoder final : public BodyFilter {
 public:
  /// In base64, padded after every piece, so that a client can read what has come.
  void encode_text() noexcept { is_text_ = true; }

  Result<BodyPiece> filter(const BodyPiece& piece) override;
  const http::HeaderBlock* filter_trailers(const http::HeaderBlock* trailers) override;

 private:
  bool is_text_ = false;
  std::string frame_;  // of the trailers
  std::string out_;
  Slice slice_;
};

}  // namespace sluice::middleware
