#include "net/tls/server_context.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include "net/tls/key_schedule.h"

namespace sluice::net::tls {
namespace {

// Forward secrecy and authenticated encryption only (RFC 9325 4.2). TLS 1.3 has nothing else.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";

// Taken note of, whatever it is: only so does a session of TLS 1.2 remember it for when it is resumed.
int on_server_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return result;
}

}  // namespace

// A key pair that is read when it is first wanted. One that cannot be read (no descriptor is left, the file
// is being replaced) fails that handshake, and the next one tries again.
struct SharedServerContext::Late {
  explicit Late(KeyPairFiles f) : files(std::move(f)) {}

  using Read = std::variant<const KeyPair*, std::vector<FileFault>>;

  Read get(SSL_CTX& context) {
    // Acquire: the pair that another thread has read is whole.
    if (const auto* known = loaded.load(std::memory_order_acquire)) return known;
    std::lock_guard lock(reading);
    if (pair) return pair.get();
    auto read = load_key_pair(files, context);
    if (auto* wrong = std::get_if<std::vector<FileFault>>(&read)) return std::move(*wrong);
    pair = std::make_unique<KeyPair>(std::move(std::get<KeyPair>(read)));
    loaded.store(pair.get(), std::memory_order_release);
    return pair.get();
  }

  KeyPairFiles files;
  std::mutex reading;
  std::unique_ptr<KeyPair> pair;
  std::atomic<const KeyPair*> loaded{nullptr};
};

SharedServerContext::SharedServerContext(const ServerPolicy& policy, std::vector<PolicyFault>& faults)
    : context_(SSL_CTX_new_ex(nullptr, own_key_schedule(), TLS_server_method())),
      name_(policy.name),
      complain_(policy.complain) {
  if (!context_) throw std::bad_alloc();
  set_policy(policy);
  set_client_auth(policy, faults);
  for (std::size_t i = 0; i < policy.key_pairs.size(); ++i) {
    const auto& files = policy.key_pairs[i];
    late_.push_back(std::make_unique<Late>(files));
    auto loaded = load_key_pair(files, *context_);
    if (const auto* wrong = std::get_if<std::vector<FileFault>>(&loaded)) {
      for (const auto& fault : *wrong) faults.push_back({i, fault});
      continue;
    }
    const auto& pair = std::get<KeyPair>(loaded);
    index(i, pair.names);
    expiries_.push_back({files.certificate, pair.expires});
    may_staple(i, pair);
  }
  if (faults.empty()) show_first();
}

SharedServerContext::~SharedServerContext() = default;

void SharedServerContext::set_policy(const ServerPolicy& policy) {
  auto* context = context_.get();
  SSL_CTX_set_min_proto_version(context,
                                policy.min_version == Version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kCiphers);
  SSL_CTX_set1_groups_list(context, kGroups);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Sessions live in tickets alone: no table that workers would share.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_client_hello_cb(context, on_client_hello, this);
  tickets_.serve(*context);
  protocols_ = policy.protocols;
  SSL_CTX_set_alpn_select_cb(context, on_alpn, this);
  SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
  SSL_CTX_set_cert_cb(context, on_certificate, this);
  SSL_CTX_set_tlsext_status_cb(context, on_status);
  SSL_CTX_set_tlsext_status_arg(context, this);
}

void SharedServerContext::set_client_auth(const ServerPolicy& policy, std::vector<PolicyFault>& faults) {
  if (policy.client_auth == ClientAuth::none) return;
  auto* context = context_.get();
  const int must = policy.client_auth == ClientAuth::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | must, nullptr);
  auto loaded = load_authorities(policy.client_ca);
  if (auto* fault = std::get_if<FileFault>(&loaded)) {
    faults.push_back({std::string::npos, *fault});
    return;
  }
  for (auto& authority : std::get<0>(loaded)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    SSL_CTX_add_client_CA(context, authority.get());  // the names that clients are told
  }
}

void SharedServerContext::index(std::size_t pair, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    const bool wildcard = name.starts_with("*.");
    (wildcard ? by_wildcard_[name.substr(2)] : by_name_[name]).push_back(pair);
  }
}

// Connections inherit it, and spare each handshake the checks of a certificate that is set anew.
void SharedServerContext::show_first() {
  const auto* pair = loaded(0);
  if (pair == nullptr) return;
  SSL_CTX_use_certificate(context_.get(), pair->leaf.get());
  SSL_CTX_use_PrivateKey(context_.get(), pair->key.get());
  for (const auto& certificate : pair->chain) SSL_CTX_add1_chain_cert(context_.get(), certificate.get());
}

// By exact name, else by a wildcard for the first label (RFC 9525 6.3), else the first of all. Several
// certificates of one name differ in their kind of key, and the client's offer decides.
const std::vector<std::size_t>& SharedServerContext::pairs_for(std::string_view server_name) const {
  const auto name = lower(server_name);
  if (const auto exact = by_name_.find(name); exact != by_name_.end()) return exact->second;
  const auto dot = name.find('.');
  if (dot != std::string::npos) {
    if (const auto wild = by_wildcard_.find(name.substr(dot + 1)); wild != by_wildcard_.end())
      return wild->second;
  }
  return first_;
}

UniqueSsl SharedServerContext::make_ssl() const {
  UniqueSsl ssl(SSL_new(context_.get()));
  if (!ssl) throw std::bad_alloc();
  return ssl;
}

const KeyPair* SharedServerContext::loaded(std::size_t pair) {
  const auto read = late_[pair]->get(*context_);
  if (const auto* found = std::get_if<const KeyPair*>(&read)) return *found;
  if (complain_) {
    for (const auto& fault : std::get<std::vector<FileFault>>(read)) complain_(pair, fault);
  }
  return nullptr;
}

bool SharedServerContext::use(SSL& ssl, std::size_t pair) {
  const auto* found = loaded(pair);
  if (found == nullptr) return false;
  const auto fault = show(ssl, *found);
  if (fault && complain_) complain_(pair, *fault);
  return !fault;
}

// What has expired makes clients break off, where nothing leaves them to ask the authority.
bool SharedServerContext::may_staple(std::size_t pair, const KeyPair& loaded) const {
  if (loaded.ocsp_response.empty()) return false;
  if (std::chrono::system_clock::now() < loaded.ocsp_expires) return true;
  if (complain_) complain_(pair, {FileFault::File::ocsp_response, "it has expired, and is not stapled"});
  return false;
}

// A session belongs to the server name that it began with (RFC 6066 3): with another it is as good as
// unknown.
int SharedServerContext::on_client_hello(SSL* ssl, int*, void* self) try {
  const unsigned char* name = nullptr;  // the whole extension, which has no other letters
  std::size_t size = 0;
  SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &name, &size);
  auto session = static_cast<SharedServerContext*>(self)->name_ + '\0';
  session += lower({reinterpret_cast<const char*>(name), size});
  unsigned char digest[SHA256_DIGEST_LENGTH];
  static_assert(sizeof digest <= SSL_MAX_SID_CTX_LENGTH);
  SHA256(reinterpret_cast<const unsigned char*>(session.data()), session.size(), digest);
  return SSL_set_session_id_context(ssl, digest, sizeof digest) == 1 ? SSL_CLIENT_HELLO_SUCCESS
                                                                     : SSL_CLIENT_HELLO_ERROR;
} catch (const std::bad_alloc&) {
  return SSL_CLIENT_HELLO_ERROR;
}

int SharedServerContext::on_certificate(SSL* ssl, void* self) try {
  auto& context = *static_cast<SharedServerContext*>(self);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const auto& pairs = context.pairs_for(name ? name : "");
  if (pairs == context.first_ && SSL_get_certificate(ssl) != nullptr) return 1;
  SSL_certs_clear(ssl);
  for (const auto pair : pairs) {
    if (!context.use(*ssl, pair)) return 0;
  }
  return 1;
} catch (const std::bad_alloc&) {
  return 0;
}

// The first of ours that the client offers; where it offers none of them the handshake fails (RFC 7301 3.2).
int SharedServerContext::on_alpn(SSL*, const unsigned char** out, unsigned char* size,
                                 const unsigned char* offered, unsigned int bytes, void* self) {
  for (const auto& protocol : static_cast<SharedServerContext*>(self)->protocols_) {
    for (unsigned at = 0; at < bytes; at += 1u + offered[at]) {
      const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
      if (name != protocol) continue;
      *out = offered + at + 1;
      *size = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// The response that belongs to the certificate in use (RFC 6066 8).
int SharedServerContext::on_status(SSL* ssl, void* self) try {
  auto& context = *static_cast<SharedServerContext*>(self);
  const auto* used = SSL_get_certificate(ssl);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  for (const auto index : context.pairs_for(name ? name : "")) {
    const auto* pair = context.loaded(index);
    if (pair == nullptr || pair->leaf.get() != used || !context.may_staple(index, *pair)) continue;
    const auto& response = pair->ocsp_response;
    auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(response.data(), response.size()));
    if (copy == nullptr) break;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
} catch (const std::bad_alloc&) {
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace sluice::net::tls
