// Where nghttp2 gets its memory from.
#pragma once

#include <nghttp2/nghttp2.h>

namespace sluice::codec::h2 {

/// Recycles blocks by size as coroutine frames are, on the thread that frees them: a stream costs nghttp2 a
/// dozen blocks of a few sizes, which a warm worker then has at hand.
nghttp2_mem& recycled_memory() noexcept;

}  // namespace sluice::codec::h2
