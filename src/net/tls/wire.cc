#include "net/tls/wire.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <openssl/bio.h>

namespace sluice::net::tls {
namespace {

int read_wire(BIO* bio, char* to, std::size_t size, std::size_t* got) {
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *got = std::min(size, wire.in.size());
  if (*got == 0) {
    if (!wire.ended) BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(to, wire.in.data(), *got);
  wire.in.consume(*got);
  if (wire.in.empty()) wire.in = {};
  return 1;
}

int write_wire(BIO* bio, const char* from, std::size_t size, std::size_t* put) {
  BIO_clear_retry_flags(bio);
  try {
    static_cast<Wire*>(BIO_get_data(bio))->out.append({from, size});
  } catch (const std::bad_alloc&) {
    return 0;
  }
  *put = size;
  return 1;
}

long control_wire(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return static_cast<Wire*>(BIO_get_data(bio))->ended ? 1 : 0;
  return 0;
}

// Made once, kept to the end of the process: every connection's BIO points at it.
const BIO_METHOD* wire_method() {
  static const BIO_METHOD* method = [] {
    auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    BIO_meth_set_read_ex(made, read_wire);
    BIO_meth_set_write_ex(made, write_wire);
    BIO_meth_set_ctrl(made, control_wire);
    return made;
  }();
  return method;
}

}  // namespace

void Outgoing::reserve(std::size_t expected) noexcept {
  if (lease_ || taken_) return;
  lease_ = buffers_.lease(expected);
  if (rest_.size() > lease_.size) return;
  used_ = rest_.copy(lease_.data, rest_.size());
  std::string().swap(rest_);
}

void Outgoing::wait() {
  if (!lease_ || taken_) return;
  rest_.insert(0, lease_.data, used_);
  buffers_.give_back(std::exchange(lease_, {}));
  used_ = 0;
}

void Outgoing::append(Slice bytes) {
  if (taken_) {
    late_.append(bytes);
    return;
  }
  reserve(bytes.size());
  const auto fits = rest_.empty() ? std::min(bytes.size(), room()) : 0;
  if (fits != 0) std::memcpy(lease_.data + used_, bytes.data(), fits);
  used_ += fits;
  rest_.append(bytes.substr(fits));
}

std::span<const Slice> Outgoing::take() noexcept {
  taken_ = true;
  slices_[0] = {lease_.data, used_};
  slices_[1] = rest_;
  return {slices_, rest_.empty() ? 1u : 2u};
}

void Outgoing::sent() {
  std::string late;
  late.swap(late_);
  clear();
  if (!late.empty()) append(late);
}

void Outgoing::clear() noexcept {
  if (lease_) buffers_.give_back(lease_);
  lease_ = {};
  used_ = 0;
  std::string().swap(rest_);
  std::string().swap(late_);
  taken_ = false;
}

UniqueBio make_bio(Wire& wire) {
  UniqueBio bio(BIO_new(wire_method()));
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio.get(), &wire);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace sluice::net::tls
