#define OPENSSL_SUPPRESS_DEPRECATED  // SHA-2 without its objects

#include "net/tls/key_schedule.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/sha.h>

#include "base/slice.h"

namespace sluice::net::tls {
namespace {

using Bytes = std::span<unsigned char>;

struct Sha256 {
  using State = SHA256_CTX;
  static constexpr std::size_t size = SHA256_DIGEST_LENGTH, block = SHA256_CBLOCK;
  static void begin(State& state) noexcept { SHA256_Init(&state); }
  static void add(State& state, Slice bytes) noexcept { SHA256_Update(&state, bytes.data(), bytes.size()); }
  static void end(State& state, unsigned char* digest) noexcept { SHA256_Final(digest, &state); }
};

struct Sha384 {
  using State = SHA512_CTX;
  static constexpr std::size_t size = SHA384_DIGEST_LENGTH, block = SHA512_CBLOCK;
  static void begin(State& state) noexcept { SHA384_Init(&state); }
  static void add(State& state, Slice bytes) noexcept { SHA384_Update(&state, bytes.data(), bytes.size()); }
  static void end(State& state, unsigned char* digest) noexcept { SHA384_Final(digest, &state); }
};

/// A digest, wiped when it goes.
template <class Hash>
class Digest {
 public:
  ~Digest() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  unsigned char* data() noexcept { return bytes_.data(); }
  Slice view() const noexcept { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

 private:
  std::array<unsigned char, Hash::size> bytes_{};
};

/// RFC 2104.
template <class Hash>
class Hmac {
 public:
  explicit Hmac(Slice key) noexcept {
    Digest<Hash> hashed;
    if (key.size() > Hash::block) {
      typename Hash::State state;
      Hash::begin(state);
      Hash::add(state, key);
      Hash::end(state, hashed.data());
      key = hashed.view();
    }
    char pad[Hash::block] = {};
    key.copy(pad, key.size());
    begin(inner_, pad, 0x36);
    begin(outer_, pad, 0x36 ^ 0x5c);
    OPENSSL_cleanse(pad, sizeof pad);
  }
  ~Hmac() {
    OPENSSL_cleanse(&inner_, sizeof inner_);
    OPENSSL_cleanse(&outer_, sizeof outer_);
  }
  Hmac(const Hmac&) = default;
  Hmac& operator=(const Hmac&) = delete;

  void add(Slice bytes) noexcept { Hash::add(inner_, bytes); }

  void end(Digest<Hash>& digest) noexcept {
    Hash::end(inner_, digest.data());
    Hash::add(outer_, digest.view());
    Hash::end(outer_, digest.data());
  }

 private:
  // Changes the pad, so that the next may start from it.
  static void begin(typename Hash::State& state, char (&pad)[Hash::block], int with) noexcept {
    for (char& c : pad) c = static_cast<char>(c ^ with);
    Hash::begin(state);
    Hash::add(state, {pad, sizeof pad});
  }

  typename Hash::State inner_, outer_;
};

/// What libssl asks for.
struct Request {
  int mode = -1;
  Slice digest, key, prefix, label, data;
  std::optional<Slice> salt;
};

/// RFC 8446 7.1: HkdfLabel.
class Info {
 public:
  static bool fits(const Request& request, Slice context, std::size_t size) noexcept {
    return request.prefix.size() + request.label.size() <= 255 && context.size() <= 255 && size <= 0xffff;
  }
  Info(const Request& request, Slice context, std::size_t size) noexcept {
    add(static_cast<char>(size >> 8));
    add(static_cast<char>(size));
    add(static_cast<char>(request.prefix.size() + request.label.size()));
    add(request.prefix);
    add(request.label);
    add(static_cast<char>(context.size()));
    add(context);
  }
  Slice view() const noexcept { return {bytes_, size_}; }

 private:
  void add(char c) noexcept { bytes_[size_++] = c; }
  void add(Slice bytes) noexcept { size_ += bytes.copy(bytes_ + size_, bytes.size()); }

  char bytes_[2 + 1 + 255 + 1 + 255];
  std::size_t size_ = 0;
};

/// RFC 8446 7.1: HKDF-Expand-Label, by RFC 5869 2.3.
template <class Hash>
bool expand_label(Slice secret, const Request& request, Slice context, Bytes out) noexcept {
  if (!Info::fits(request, context, out.size()) || out.size() > 255 * Hash::size) return false;
  const Info info(request, context, out.size());
  const Hmac<Hash> keyed(secret);
  Digest<Hash> block;
  Slice previous;
  for (char count = 1; !out.empty(); ++count) {
    auto hmac = keyed;
    hmac.add(previous);
    hmac.add(info.view());
    hmac.add({&count, 1});
    hmac.end(block);
    previous = block.view();
    const auto taken = std::min(out.size(), Hash::size);
    std::memcpy(out.data(), block.data(), taken);
    out = out.subspan(taken);
  }
  return true;
}

/// The next secret of the schedule: HKDF-Extract (RFC 5869 2.2) over what the one before is derived to.
template <class Hash>
bool next_secret(const Request& request, Bytes out) noexcept {
  if (out.size() != Hash::size) return false;
  Digest<Hash> salt, key, secret;
  if (request.salt) {
    Digest<Hash> of_nothing;
    typename Hash::State state;
    Hash::begin(state);
    Hash::end(state, of_nothing.data());
    if (!expand_label<Hash>(*request.salt, request, of_nothing.view(), {salt.data(), Hash::size}))
      return false;
  }
  Hmac<Hash> hmac(request.salt ? salt.view() : Slice());
  hmac.add(request.key.data() ? request.key : key.view());
  hmac.end(secret);
  std::memcpy(out.data(), secret.data(), out.size());
  return true;
}

template <class Hash>
bool derive(const Request& request, Bytes out) noexcept {
  if (request.mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY) return next_secret<Hash>(request, out);
  if (request.mode != EVP_KDF_HKDF_MODE_EXPAND_ONLY || request.key.data() == nullptr) return false;
  return expand_label<Hash>(request.key, request, request.data, out);
}

Slice bytes_of(const OSSL_PARAM& param) noexcept {
  return {static_cast<const char*>(param.data), param.data ? param.data_size : 0};
}

Request request_of(const OSSL_PARAM* params) noexcept {
  Request request;
  for (; params && params->key; ++params) {
    const Slice name = params->key;
    if (name == OSSL_KDF_PARAM_MODE) {
      OSSL_PARAM_get_int(params, &request.mode);
    } else if (name == OSSL_KDF_PARAM_DIGEST) {
      request.digest = bytes_of(*params);
    } else if (name == OSSL_KDF_PARAM_KEY) {
      request.key = bytes_of(*params);
    } else if (name == OSSL_KDF_PARAM_SALT) {
      request.salt = bytes_of(*params);
    } else if (name == OSSL_KDF_PARAM_PREFIX) {
      request.prefix = bytes_of(*params);
    } else if (name == OSSL_KDF_PARAM_LABEL) {
      request.label = bytes_of(*params);
    } else if (name == OSSL_KDF_PARAM_DATA) {
      request.data = bytes_of(*params);
    }
  }
  return request;
}

// --- the provider: one algorithm, whose every call brings all it needs

int on_derive(void*, unsigned char* out, std::size_t size, const OSSL_PARAM params[]) {
  const auto request = request_of(params);
  if (request.digest == "SHA2-256" || request.digest == "SHA256") return derive<Sha256>(request, {out, size});
  if (request.digest == "SHA2-384" || request.digest == "SHA384") return derive<Sha384>(request, {out, size});
  return 0;  // RFC 8446 B.4: no other
}

void* new_state(void* provider) { return provider; }
void free_state(void*) {}

template <class Function>
OSSL_DISPATCH entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

const OSSL_ALGORITHM* algorithms(void*, int operation, int*) {
  static const OSSL_DISPATCH functions[] = {entry(OSSL_FUNC_KDF_NEWCTX, new_state),
                                            entry(OSSL_FUNC_KDF_FREECTX, free_state),
                                            entry(OSSL_FUNC_KDF_DERIVE, on_derive), OSSL_DISPATCH{}};
  static const OSSL_ALGORITHM all[] = {
      {OSSL_KDF_NAME_TLS1_3_KDF, "provider=sluice", functions, "TLS 1.3 key schedule"}, {}};
  return operation == OSSL_OP_KDF ? all : nullptr;
}

int begin_provider(const OSSL_CORE_HANDLE* core, const OSSL_DISPATCH*, const OSSL_DISPATCH** out,
                   void** context) {
  static const OSSL_DISPATCH functions[] = {entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, algorithms),
                                            OSSL_DISPATCH{}};
  *out = functions;
  *context = const_cast<OSSL_CORE_HANDLE*>(core);  // none of our own, but it may not be null
  return 1;
}

}  // namespace

const char* own_key_schedule() noexcept {
  // Held to the end of the process, beside OpenSSL's own.
  static const OSSL_PROVIDER* const provider =
      OSSL_PROVIDER_add_builtin(nullptr, "sluice", begin_provider) == 1
          ? OSSL_PROVIDER_try_load(nullptr, "sluice", 1)
          : nullptr;
  return provider ? "?provider=sluice" : nullptr;
}

}  // namespace sluice::net::tls
