#include "net/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sluice::net {
namespace {

constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

long splice_once(int from, int to, std::size_t most) noexcept {
  long moved;
  do {
    moved = ::splice(from, nullptr, to, nullptr, most, kFlags);
  } while (moved < 0 && errno == EINTR);
  return moved < 0 ? -errno : moved;
}

}  // namespace

bool Pipe::open(std::size_t capacity) noexcept {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  read_end_ = ends[0];
  write_end_ = ends[1];
  if (::fcntl(write_end_, F_SETPIPE_SZ, static_cast<int>(capacity)) >= 0) return true;
  close();
  return false;
}

void Pipe::close() noexcept {
  if (!is_open()) return;
  ::close(std::exchange(read_end_, -1));
  ::close(std::exchange(write_end_, -1));
  size_ = 0;
}

long Pipe::fill(int socket, std::size_t most) noexcept {
  const long moved = splice_once(socket, write_end_, most);
  if (moved > 0) size_ = static_cast<std::size_t>(moved);
  return moved;
}

int Pipe::drain(int socket) noexcept {
  while (size_ != 0) {
    const long moved = splice_once(read_end_, socket, size_);
    if (moved < 0) return static_cast<int>(moved);
    if (moved == 0) return -EPIPE;
    size_ -= static_cast<std::size_t>(moved);
  }
  return 0;
}

PipePool::PipePool() {
  free_.reserve(kPipes);
  for (std::uint32_t id = kPipes; id-- > 0;) closed_.push_back(id);
}

Pipe* PipePool::lease() noexcept {
  if (!free_.empty()) {
    Pipe& pipe = pipes_[free_.back()];
    free_.pop_back();
    return &pipe;
  }
  if (closed_.empty() || !pipes_[closed_.back()].open(kCapacity)) return nullptr;
  Pipe& pipe = pipes_[closed_.back()];
  closed_.pop_back();
  return &pipe;
}

// What was not written to its end would stand before the next body.
void PipePool::take_back(char*, std::uint32_t id) noexcept {
  if (pipes_[id].size() == 0) return free_.push_back(id);
  pipes_[id].close();
  closed_.push_back(id);
}

}  // namespace sluice::net
