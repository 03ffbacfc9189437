// A lease on a buffer of the loop's pool, with the bytes that were read into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace sluice::net {

class Chunk;
class Pipe;

/// Whoever lends buffers takes them back here, on the loop's thread.
class ChunkOwner {
 public:
  virtual void take_back(char* buffer, std::uint32_t id) noexcept = 0;

  /// Where the lease is on a pipe.
  virtual Pipe* pipe(std::uint32_t) noexcept { return nullptr; }

 protected:
  ~ChunkOwner() = default;
};

/// Move-only; returns the buffer when destroyed. Empty (no bytes) means the end of a stream where a
/// read returns it. consume() drops bytes from the front without giving the buffer back.
class Chunk {
 public:
  Chunk() = default;
  Chunk(ChunkOwner& owner, char* buffer, std::uint32_t id, std::uint32_t size) noexcept
      : owner_(&owner), buffer_(buffer), id_(id), end_(size) {}
  Chunk(Chunk&& other) noexcept { swap(other); }
  Chunk& operator=(Chunk&& other) noexcept {
    Chunk gone(std::move(other));
    swap(gone);
    return *this;
  }
  ~Chunk() {
    if (owner_) owner_->take_back(buffer_, id_);
  }

  /// Where the bytes are in a pipe; view() then has none.
  Pipe* pipe() const noexcept { return owner_ && !buffer_ ? owner_->pipe(id_) : nullptr; }

  std::string_view view() const noexcept {
    return buffer_ ? std::string_view(buffer_ + begin_, size()) : std::string_view();
  }
  char* data() noexcept { return buffer_ + begin_; }
  std::size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return begin_ == end_; }
  void consume(std::size_t bytes) noexcept { begin_ += static_cast<std::uint32_t>(bytes); }
  void truncate(std::size_t bytes) noexcept { end_ = begin_ + static_cast<std::uint32_t>(bytes); }

 private:
  void swap(Chunk& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(buffer_, other.buffer_);
    std::swap(id_, other.id_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  ChunkOwner* owner_ = nullptr;
  char* buffer_ = nullptr;
  std::uint32_t id_ = 0;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace sluice::net
