// The grammar of chunk extensions (RFC 9112 7.1.1), one byte at a time:
//
//     chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
#pragma once

#include <cstdint>

namespace sluice::codec::h1 {

enum class ExtensionPlace : std::uint8_t {
  item_end,     ///< Right behind the size or a value: the line may end here.
  item_blank,   ///< Whitespace behind those: only ';' may follow.
  start,        ///< Behind ';'.
  name,         ///< In a name: the line may end here.
  name_blank,   ///< Whitespace behind a name.
  value_start,  ///< Behind '='.
  token_value,  ///< The line may end here.
  quoted_value,
  quoted_pair,
  invalid,
};

/// The place after `c`, which is not CR.
ExtensionPlace next_place(ExtensionPlace place, char c) noexcept;

constexpr bool may_end(ExtensionPlace place) noexcept {
  return place == ExtensionPlace::item_end || place == ExtensionPlace::name ||
         place == ExtensionPlace::token_value;
}

}  // namespace sluice::codec::h1
