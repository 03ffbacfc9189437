// Byte searches of the HTTP/1.1 parsers: sixteen bytes a step where SSE2 is there.
#pragma once

#include <bit>
#include <cstdint>

#include "http/chars.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace sluice::codec::h1 {

#ifdef __SSE2__
namespace detail {
inline __m128i load16(const char* p) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

// 0x00 to 0x1f but HTAB, and DEL.
inline unsigned control_mask(__m128i x) noexcept {
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
  const __m128i tab = _mm_cmpeq_epi8(x, _mm_set1_epi8('\t'));
  const __m128i del = _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, low), del)));
}

// Everything but 0x21 to 0x7e. The comparison is signed: bytes from 0x80 are negative.
inline unsigned non_graphic_mask(__m128i x) noexcept {
  const __m128i low = _mm_cmplt_epi8(x, _mm_set1_epi8(0x21));
  const __m128i del = _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, del)));
}

inline unsigned colon_mask(__m128i x) noexcept {
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8(':'))));
}
}  // namespace detail
#endif

/// The first byte that may not stand in a field value (RFC 9110 5.5), or `end`.
inline const char* find_control(const char* p, const char* end) noexcept {
#ifdef __SSE2__
  for (; end - p >= 16; p += 16) {
    const unsigned mask = detail::control_mask(detail::load16(p));
    if (mask != 0) return p + std::countr_zero(mask);
  }
#endif
  while (p != end && http::is(*p, http::field_vchar)) ++p;
  return p;
}

/// The first byte that is not a visible ASCII character, or `end`.
inline const char* find_non_graphic(const char* p, const char* end) noexcept {
#ifdef __SSE2__
  for (; end - p >= 16; p += 16) {
    const unsigned mask = detail::non_graphic_mask(detail::load16(p));
    if (mask != 0) return p + std::countr_zero(mask);
  }
#endif
  while (p != end && static_cast<unsigned char>(*p - 0x21) < 0x7f - 0x21) ++p;
  return p;
}

/// The first colon, or `end`.
inline const char* find_colon(const char* p, const char* end) noexcept {
#ifdef __SSE2__
  for (; end - p >= 16; p += 16) {
    const unsigned mask = detail::colon_mask(detail::load16(p));
    if (mask != 0) return p + std::countr_zero(mask);
  }
#endif
  while (p != end && *p != ':') ++p;
  return p;
}

/// The first byte that is not a tchar, or `end`.
inline const char* find_non_token(const char* p, const char* end) noexcept {
  while (p != end && http::is(*p, http::tchar)) ++p;
  return p;
}

}  // namespace sluice::codec::h1
