// Pipes that carry bytes from socket to socket by splice(2), past the process's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/chunk.h"

namespace sluice::net {

class Pipe {
 public:
  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() { close(); }

  /// False when the system gives none, or only a small one.
  bool open(std::size_t capacity) noexcept;
  void close() noexcept;
  bool is_open() const noexcept { return read_end_ >= 0; }

  /// Takes what the socket has, at most `most` bytes: how many (0: the stream has ended) or a negative errno.
  /// The pipe is empty before. Neither call waits where the socket is non-blocking.
  long fill(int socket, std::size_t most) noexcept;

  /// Gives the socket what it takes: 0, or a negative errno with the rest still here (-EAGAIN: the socket is
  /// full).
  int drain(int socket) noexcept;

  std::size_t size() const noexcept { return size_; }  ///< Bytes in it.

 private:
  int read_end_ = -1;
  int write_end_ = -1;
  std::size_t size_ = 0;
};

/// The pipes of one loop, opened when first needed and kept. A piece of a body holds one until it is written.
class PipePool final : public ChunkOwner {
 public:
  PipePool();
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;

  static constexpr std::size_t kPipes = 32;
  static constexpr std::size_t kCapacity = std::size_t{1} << 20;    ///< In bytes, of whole pages.
  static constexpr std::size_t kWorthIt = 128 * std::size_t{1024};  ///< Below it a copy costs no more.

  /// An empty pipe; null when all are in use or the system gives no more.
  Pipe* lease() noexcept;
  void give_back(Pipe& pipe) noexcept { take_back(nullptr, index_of(pipe)); }

  /// The leased pipe with what is in it, as what a read returns.
  Chunk chunk(Pipe& pipe) noexcept {
    return Chunk(*this, nullptr, index_of(pipe), static_cast<std::uint32_t>(pipe.size()));
  }

  void take_back(char* buffer, std::uint32_t id) noexcept override;
  Pipe* pipe(std::uint32_t id) noexcept override { return &pipes_[id]; }

 private:
  std::uint32_t index_of(const Pipe& pipe) const noexcept {
    return static_cast<std::uint32_t>(&pipe - pipes_);
  }

  Pipe pipes_[kPipes];
  std::vector<std::uint32_t> free_;    // open and empty
  std::vector<std::uint32_t> closed_;  // to be opened
};

}  // namespace sluice::net
