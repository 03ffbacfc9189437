// Makes AddressSanitizer see the use of memory that lies in a free list of ours.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_ASAN 1
#endif
#endif

#ifdef SLUICE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace sluice {

#ifdef SLUICE_ASAN
inline void poison(const void* memory, std::size_t size) noexcept {
  __asan_poison_memory_region(memory, size);
}
inline void unpoison(const void* memory, std::size_t size) noexcept {
  __asan_unpoison_memory_region(memory, size);
}
#else
inline void poison(const void*, std::size_t) noexcept {}
inline void unpoison(const void*, std::size_t) noexcept {}
#endif

}  // namespace sluice
