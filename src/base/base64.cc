#include "base/base64.h"

#include <array>

namespace sluice {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t foreign = 0xff;

constexpr auto values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(foreign);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}();

}  // namespace

void Base64Encoder::encode(std::string_view bytes, std::string& out) {
  out.reserve(out.size() + (bytes.size() + kept_) / 3 * 4);
  for (const char c : bytes) {
    bits_ = bits_ << 8 | static_cast<unsigned char>(c);
    if (++kept_ < 3) continue;
    for (int shift = 18; shift >= 0; shift -= 6) out += alphabet[bits_ >> shift & 63];
    bits_ = kept_ = 0;
  }
}

void Base64Encoder::finish(std::string& out) {
  if (kept_ == 0) return;
  const auto bits = bits_ << (kept_ == 1 ? 16 : 8);
  out += alphabet[bits >> 18 & 63];
  out += alphabet[bits >> 12 & 63];
  out += kept_ == 1 ? '=' : alphabet[bits >> 6 & 63];
  out += '=';
  bits_ = kept_ = 0;
}

bool Base64Decoder::decode(std::string_view text, std::string& out) {
  out.reserve(out.size() + (text.size() + kept_) / 4 * 3);
  for (const char c : text) {
    if (!take(c)) return false;
    if (kept_ < 4) continue;
    for (unsigned i = 0; i < 3 - padding_; ++i) out += static_cast<char>(bits_ >> (16 - 8 * i) & 0xff);
    bits_ = kept_ = padding_ = 0;
  }
  return true;
}

bool Base64Decoder::take(char c) noexcept {
  const auto value = values[static_cast<unsigned char>(c)];
  const bool pads = c == '=' && kept_ >= 2;
  if (!pads && (value == foreign || padding_ != 0)) return false;
  bits_ = bits_ << 6 | (pads ? 0u : value);
  padding_ += pads ? 1 : 0;
  kept_ += 1;
  return true;
}

}  // namespace sluice
