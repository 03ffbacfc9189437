#include "base/base64.h"

#include <gtest/gtest.h>

#include <optional>

namespace sluice {
namespace {

std::string encoded(std::string_view bytes, std::size_t piece = SIZE_MAX) {
  Base64Encoder encoder;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at))
    encoder.encode(bytes.substr(at, piece), out);
  encoder.finish(out);
  return out;
}

std::optional<std::string> decoded(std::string_view text, std::size_t piece = SIZE_MAX) {
  Base64Decoder decoder;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at))
    if (!decoder.decode(text.substr(at, piece), out)) return std::nullopt;
  return decoder.complete() ? std::optional(out) : std::nullopt;
}

TEST(Base64, has_the_vectors_of_rfc_4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encoded(bytes), text);
    EXPECT_EQ(decoded(text), bytes);
  }
  EXPECT_EQ(encoded("\xfb\xff\xbf"), "+/+/");
  EXPECT_EQ(decoded("+/+/"), "\xfb\xff\xbf");
}

TEST(Base64, does_not_mind_where_pieces_are_cut) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i * 7);
  const auto whole = encoded(bytes);
  for (std::size_t piece = 1; piece < 9; ++piece) {
    EXPECT_EQ(encoded(bytes, piece), whole) << piece;
    EXPECT_EQ(decoded(whole, piece), bytes) << piece;
  }
}

TEST(Base64, may_be_padded_amid_the_text) {
  for (std::size_t piece = 1; piece < 9; ++piece)
    EXPECT_EQ(decoded("Zg==Zm8=Zm9vYg==Yg==", piece), "ffofoobb") << piece;
}

TEST(Base64, is_refused_where_it_is_none) {
  for (const char* text :
       {"Zg", "Zg=", "Z===", "=Zg=", "====", "Zg=v", "Zg= =", "Zm9v\n", "Zm9-", "Zm9_", "Zm9v "})
    EXPECT_EQ(decoded(text), std::nullopt) << text;
}

}  // namespace
}  // namespace sluice
