// What lies between OpenSSL and a transport: ciphertext that has come, and ciphertext that is to go.
//
//   transport -> chunk of ciphertext -> [BIO] -> SSL -> plaintext
//   plaintext -> SSL -> [BIO] -> outgoing buffer -> transport
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/slice.h"
#include "net/buffer_pool.h"
#include "net/chunk.h"
#include "net/tls/openssl.h"

namespace sluice::net::tls {

/// Ciphertext that is to go: a leased buffer, and a string for what does not fit (a long chain of
/// certificates). Holds nothing while it is empty.
class Outgoing {
 public:
  explicit Outgoing(BufferPool& buffers) noexcept : buffers_(buffers) {}
  ~Outgoing() { clear(); }

  /// Makes room for `expected` bytes at best.
  void reserve(std::size_t expected) noexcept;
  /// What is left of that.
  std::size_t room() const noexcept { return lease_.size - used_; }

  /// For bytes that may wait for long: they give the lease back.
  void wait();

  void append(Slice bytes);
  bool empty() const noexcept { return used_ == 0 && rest_.empty(); }
  bool taken() const noexcept { return taken_; }

  /// Valid until clear(); what is appended meanwhile waits for the next.
  std::span<const Slice> take() noexcept;
  /// The bytes that were taken have gone.
  void sent();
  void clear() noexcept;

 private:
  BufferPool& buffers_;
  BufferLease lease_;
  std::size_t used_ = 0;
  std::string rest_;
  Slice slices_[2];
  bool taken_ = false;
  std::string late_;  // appended while the others were under way
};

/// Both directions of one connection.
struct Wire {
  explicit Wire(BufferPool& buffers) noexcept : out(buffers) {}
  Chunk in;
  bool ended = false;  // the transport has given its end: nothing comes after `in`
  Outgoing out;
};

/// A BIO over the wire, which outlives it: reads from `in`, says "later" where that is empty, writes to
/// `out`.
UniqueBio make_bio(Wire& wire);

}  // namespace sluice::net::tls
