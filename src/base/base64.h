// Base64 with padding (RFC 4648 section 4), for what comes in pieces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

class Base64Encoder {
 public:
  /// Appends what these bytes come to; up to two are kept for the next call.
  void encode(std::string_view bytes, std::string& out);

  /// Appends what is kept, padded. What follows begins anew.
  void finish(std::string& out);

 private:
  std::uint32_t bits_ = 0;
  unsigned kept_ = 0;  // bytes in bits_
};

/// Takes texts that were encoded by themselves and joined: padding may stand amid the text.
class Base64Decoder {
 public:
  /// Appends the bytes of this text; up to three characters are kept for the next call. False: it is not
  /// base64.
  [[nodiscard]] bool decode(std::string_view text, std::string& out);

  /// The text may end here.
  bool complete() const noexcept { return kept_ == 0; }

 private:
  bool take(char c) noexcept;

  std::uint32_t bits_ = 0;
  unsigned kept_ = 0;     // characters in bits_
  unsigned padding_ = 0;  // of those
};

}  // namespace sluice
