// Body filters in a row, as the pumps apply them.
#pragma once

#include <array>

#include "sluice/exchange.h"

namespace sluice::proxy {

/// What becomes of a piece behind all filters, the first one first.
inline Result<BodyPiece> apply(const Exchange::Filters& filters, BodyPiece piece) {
  for (std::size_t i = 0; i < filters.count; ++i) {
    auto next = filters.items[i]->filter(piece);
    if (!next) return next;
    piece = *next;
  }
  return piece;
}

/// What becomes of the trailer section behind all filters; before apply() to the last piece.
inline const http::HeaderBlock* apply(const Exchange::Filters& filters, const http::HeaderBlock* trailers) {
  for (std::size_t i = 0; i < filters.count; ++i) trailers = filters.items[i]->filter_trailers(trailers);
  return trailers;
}

}  // namespace sluice::proxy
