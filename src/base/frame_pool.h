// Recycled memory for coroutine frames: one set of free lists a thread, by size.
#pragma once

#include <cstddef>

namespace sluice {

/// Memory for a frame of `size` bytes. Never null; throws std::bad_alloc as operator new does.
/// Frames up to 4 KiB are recycled on the thread that frees them, so a warm worker allocates none.
/// Under AddressSanitizer every frame is a heap block of its own, so that misuse is seen.
void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

/// Gives this thread's free frames back to the heap, as a worker does when it ends.
void drop_free_frames() noexcept;

}  // namespace sluice
