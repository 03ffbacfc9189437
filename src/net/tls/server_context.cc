#include "net/tls/server_context.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include "net/tls/key_schedule.h"
#include "net/tls/shown_certificates.h"
#include "net/tls/ticket_keys.h"

namespace sluice::net::tls {
namespace {

// Forward secrecy and authenticated encryption only (RFC 9325 4.2). TLS 1.3 has nothing else.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";

constexpr std::size_t kClientCa = std::string::npos;

// Taken note of, whatever it is: only so does a session of TLS 1.2 remember it for when it is resumed.
int on_server_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

void free_shown(void*, void* shown, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<ShownCertificates*>(shown);
}

// OpenSSL's context owns what its connections show, and each connection holds the context that it began with.
int index_of_shown() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_shown);
  return index;
}

const ShownCertificates& shown_by(const SSL_CTX& context) {
  return *static_cast<const ShownCertificates*>(SSL_CTX_get_ex_data(&context, index_of_shown()));
}

const ShownCertificates& shown_by(const SSL& ssl) { return shown_by(*SSL_get_SSL_CTX(&ssl)); }

void trust(SSL_CTX& context, const Authorities& authorities) {
  for (const auto& authority : authorities.certificates) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), authority.get());
    SSL_CTX_add_client_CA(&context, authority.get());  // the names that clients are told
  }
}

// Connections inherit it, and spare each handshake the checks of a certificate that is set anew.
void show_first(SSL_CTX& context, const KeyPair& pair) {
  SSL_CTX_use_certificate(&context, pair.leaf.get());
  SSL_CTX_use_PrivateKey(&context, pair.key.get());
  for (const auto& certificate : pair.chain) SSL_CTX_add1_chain_cert(&context, certificate.get());
}

}  // namespace

// What callbacks see. The policy never changes; what is shown is replaced as a whole, with the context.
struct SharedServerContext::State {
  explicit State(const ServerPolicy& p) : policy(p) {}

  using Pair = std::shared_ptr<SharedLateKeyPair>;

  UniqueContext make_context();
  Pair read_pair(std::size_t pair, SSL_CTX& context, bool wanted, std::vector<PolicyFault>& faults) const;
  void show(UniqueContext context, ShownCertificates::Pairs pairs,
            std::shared_ptr<const Authorities> authorities);
  UniqueContext current();

  bool asks_clients() const noexcept { return policy.client_auth != ClientAuth::none; }
  void refresh_pair(std::size_t pair, Pair& shown, SSL_CTX& context, Refresh& found);
  void refresh_authorities(std::shared_ptr<const Authorities>& shown, Refresh& found);
  void note_stale();

  const KeyPair* loaded(const ShownCertificates& shown, std::size_t pair, SSL_CTX& context) const;
  bool use(SSL& ssl, std::size_t pair) const;
  bool may_staple(std::size_t pair, const KeyPair& loaded) const;
  static int on_client_hello(SSL* ssl, int* alert, void* self);
  static int on_certificate(SSL* ssl, void* self);
  static int on_status(SSL* ssl, void* self);
  static int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                     unsigned int bytes, void* self);

  const ServerPolicy policy;
  SharedTicketKeys tickets;

  std::mutex mutex;  // of the two below, held for copies
  UniqueContext in_force;
  std::vector<std::string> stale;

  std::mutex refreshing;          // of what follows
  std::set<std::size_t> refused;  // pairs, and the CA
};

SharedServerContext::SharedServerContext(const ServerPolicy& policy, std::vector<PolicyFault>& faults)
    : state_(std::make_unique<State>(policy)) {
  auto context = state_->make_context();
  ShownCertificates::Pairs pairs;
  for (std::size_t i = 0; i < policy.key_pairs.size(); ++i) {
    if (auto pair = state_->read_pair(i, *context, i == 0, faults)) pairs.push_back(std::move(pair));
  }
  std::shared_ptr<const Authorities> authorities;
  if (state_->asks_clients()) {
    auto read = read_authorities(policy.client_ca);
    if (auto* fault = std::get_if<FileFault>(&read)) {
      faults.push_back({kClientCa, std::move(*fault)});
    } else {
      authorities = std::make_shared<const Authorities>(std::move(std::get<Authorities>(read)));
    }
  }
  state_->show(std::move(context), std::move(pairs), std::move(authorities));
}

SharedServerContext::~SharedServerContext() = default;

UniqueSsl SharedServerContext::make_ssl() const {
  const auto context = state_->current();
  UniqueSsl ssl(SSL_new(context.get()));
  if (!ssl) throw std::bad_alloc();
  return ssl;
}

SharedServerContext::Refresh SharedServerContext::refresh() const {
  std::lock_guard lock(state_->refreshing);
  const auto before = state_->current();
  auto pairs = shown_by(*before).pairs();
  auto authorities = shown_by(*before).authorities();
  Refresh found;
  for (std::size_t i = 0; i < pairs.size(); ++i) state_->refresh_pair(i, pairs[i], *before, found);
  if (state_->asks_clients()) state_->refresh_authorities(authorities, found);
  if (!found.taken.empty()) state_->show(state_->make_context(), std::move(pairs), std::move(authorities));
  state_->note_stale();
  return found;
}

std::vector<std::string> SharedServerContext::stale() const {
  std::lock_guard lock(state_->mutex);
  return state_->stale;
}

std::vector<SharedServerContext::Expiry> SharedServerContext::expiries() const {
  const auto context = state_->current();
  std::vector<Expiry> all;
  for (const auto& pair : shown_by(*context).pairs()) {
    all.push_back({pair->files().certificate, pair->expires()});
  }
  return all;
}

UniqueContext SharedServerContext::State::make_context() {
  UniqueContext made(SSL_CTX_new_ex(nullptr, own_key_schedule(), TLS_server_method()));
  if (!made) throw std::bad_alloc();
  auto* context = made.get();
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
  tickets.serve(*context);
  SSL_CTX_set_alpn_select_cb(context, on_alpn, this);
  SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
  SSL_CTX_set_cert_cb(context, on_certificate, this);
  SSL_CTX_set_tlsext_status_cb(context, on_status);
  SSL_CTX_set_tlsext_status_arg(context, this);
  if (asks_clients()) {
    const int must = policy.client_auth == ClientAuth::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | must, nullptr);
  }
  return made;
}

// Null where it has faults.
SharedServerContext::State::Pair SharedServerContext::State::read_pair(
    std::size_t pair, SSL_CTX& context, bool wanted, std::vector<PolicyFault>& faults) const {
  const auto& files = policy.key_pairs[pair];
  const auto stamp = stamp_of(files);
  auto read = load_key_pair(files, context);
  if (auto* wrong = std::get_if<std::vector<FileFault>>(&read)) {
    for (auto& fault : *wrong) faults.push_back({pair, std::move(fault)});
    return nullptr;
  }
  auto& checked = std::get<KeyPair>(read);
  may_staple(pair, checked);
  return std::make_shared<SharedLateKeyPair>(files, stamp, std::move(checked), wanted);
}

void SharedServerContext::State::show(UniqueContext made, ShownCertificates::Pairs pairs,
                                      std::shared_ptr<const Authorities> authorities) {
  if (authorities) trust(*made, *authorities);
  if (!pairs.empty() && pairs.front()->loaded()) show_first(*made, *pairs.front()->loaded());
  auto shown = std::make_unique<ShownCertificates>(std::move(pairs), std::move(authorities));
  if (SSL_CTX_set_ex_data(made.get(), index_of_shown(), shown.get()) != 1) throw std::bad_alloc();
  static_cast<void>(shown.release());
  std::lock_guard lock(mutex);
  std::swap(in_force, made);
}

UniqueContext SharedServerContext::State::current() {
  std::lock_guard lock(mutex);
  SSL_CTX_up_ref(in_force.get());
  return UniqueContext(in_force.get());
}

// One that clients have asked for stays in memory.
void SharedServerContext::State::refresh_pair(std::size_t pair, Pair& shown, SSL_CTX& with, Refresh& found) {
  const auto stamp = stamp_of(policy.key_pairs[pair]);
  refused.erase(pair);
  if (stamp == shown->stamp()) return;
  if (auto read = read_pair(pair, with, shown->loaded() != nullptr, found.refused)) {
    shown = std::move(read);
    found.taken.push_back(pair);
  } else {
    refused.insert(pair);
  }
}

void SharedServerContext::State::refresh_authorities(std::shared_ptr<const Authorities>& shown,
                                                     Refresh& found) {
  refused.erase(kClientCa);
  if (sluice::stamp_of(policy.client_ca) == shown->stamp) return;
  auto read = read_authorities(policy.client_ca);
  if (auto* fault = std::get_if<FileFault>(&read)) {
    found.refused.push_back({kClientCa, std::move(*fault)});
    refused.insert(kClientCa);
  } else {
    shown = std::make_shared<const Authorities>(std::move(std::get<Authorities>(read)));
    found.taken.push_back(kClientCa);
  }
}

void SharedServerContext::State::note_stale() {
  std::vector<std::string> now;
  for (const auto pair : refused) {
    now.push_back(pair == kClientCa ? policy.client_ca : policy.key_pairs[pair].certificate);
  }
  std::lock_guard lock(mutex);
  stale = std::move(now);
}

const KeyPair* SharedServerContext::State::loaded(const ShownCertificates& shown, std::size_t pair,
                                                  SSL_CTX& with) const {
  const auto read = shown.pairs()[pair]->get(with);
  if (const auto* found = std::get_if<const KeyPair*>(&read)) return *found;
  if (policy.complain) {
    for (const auto& fault : std::get<std::vector<FileFault>>(read)) policy.complain(pair, fault);
  }
  return nullptr;
}

bool SharedServerContext::State::use(SSL& ssl, std::size_t pair) const {
  const auto* found = loaded(shown_by(ssl), pair, *SSL_get_SSL_CTX(&ssl));
  if (found == nullptr) return false;
  const auto fault = tls::show(ssl, *found);
  if (fault && policy.complain) policy.complain(pair, *fault);
  return !fault;
}

// What has expired makes clients break off, where nothing leaves them to ask the authority.
bool SharedServerContext::State::may_staple(std::size_t pair, const KeyPair& loaded) const {
  if (loaded.ocsp_response.empty()) return false;
  if (std::chrono::system_clock::now() < loaded.ocsp_expires) return true;
  if (policy.complain)
    policy.complain(pair, {FileFault::File::ocsp_response, "it has expired, and is not stapled"});
  return false;
}

// A session belongs to the server name that it began with (RFC 6066 3), and to the authorities that vouched
// for its client: with others it is as good as unknown.
int SharedServerContext::State::on_client_hello(SSL* ssl, int*, void* self) try {
  const unsigned char* name = nullptr;  // the whole extension, which has no other letters
  std::size_t size = 0;
  SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &name, &size);
  auto session = static_cast<State*>(self)->policy.name + '\0';
  if (const auto& authorities = shown_by(*ssl).authorities()) session += authorities->digest;
  session += lower_case({reinterpret_cast<const char*>(name), size});
  unsigned char digest[SHA256_DIGEST_LENGTH];
  static_assert(sizeof digest <= SSL_MAX_SID_CTX_LENGTH);
  SHA256(reinterpret_cast<const unsigned char*>(session.data()), session.size(), digest);
  return SSL_set_session_id_context(ssl, digest, sizeof digest) == 1 ? SSL_CLIENT_HELLO_SUCCESS
                                                                     : SSL_CLIENT_HELLO_ERROR;
} catch (const std::bad_alloc&) {
  return SSL_CLIENT_HELLO_ERROR;
}

int SharedServerContext::State::on_certificate(SSL* ssl, void* self) try {
  const auto& shown = shown_by(*ssl);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const auto& pairs = shown.pairs_for(name ? name : "");
  if (shown.is_first(pairs) && SSL_get_certificate(ssl) != nullptr) return 1;
  SSL_certs_clear(ssl);
  for (const auto pair : pairs) {
    if (!static_cast<State*>(self)->use(*ssl, pair)) return 0;
  }
  return 1;
} catch (const std::bad_alloc&) {
  return 0;
}

// The first of ours that the client offers; where it offers none of them the handshake fails (RFC 7301 3.2).
int SharedServerContext::State::on_alpn(SSL*, const unsigned char** out, unsigned char* size,
                                        const unsigned char* offered, unsigned int bytes, void* self) {
  for (const auto& protocol : static_cast<State*>(self)->policy.protocols) {
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
int SharedServerContext::State::on_status(SSL* ssl, void* self) try {
  const auto& state = *static_cast<State*>(self);
  const auto& shown = shown_by(*ssl);
  const auto* used = SSL_get_certificate(ssl);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  for (const auto index : shown.pairs_for(name ? name : "")) {
    const auto* pair = state.loaded(shown, index, *SSL_get_SSL_CTX(ssl));
    if (pair == nullptr || pair->leaf.get() != used || !state.may_staple(index, *pair)) continue;
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
