// How the process stands with its memory.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice {

/// Written by the control thread, read by all. Relaxed: nothing is published by it, and who sees it a little
/// late takes one request more.
class SharedMemoryPressure {
 public:
  /// New work is to be refused.
  bool high() const noexcept { return high_.load(std::memory_order_relaxed); }
  /// Bytes, as they were looked at last.
  std::uint64_t resident() const noexcept { return resident_.load(std::memory_order_relaxed); }

  void set_high(bool high) noexcept { high_.store(high, std::memory_order_relaxed); }
  void set_resident(std::uint64_t bytes) noexcept { resident_.store(bytes, std::memory_order_relaxed); }

 private:
  // Read with every request, beside what is written ten times a second.
  alignas(64) std::atomic<bool> high_{false};
  alignas(64) std::atomic<std::uint64_t> resident_{0};
};

}  // namespace sluice
