#include "net/tls/client_context.h"

#include <mutex>
#include <new>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/address.h"
#include "net/tls/key_schedule.h"

namespace sluice::net::tls {
namespace {

// Each with its length in front (RFC 7301 3.1).
std::string alpn_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const auto& protocol : protocols) list.append(1, static_cast<char>(protocol.size())).append(protocol);
  return list;
}

int index_of_session() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// The count of changes that the context was made after, as a number in a pointer's place.
int index_of_files() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

std::uint64_t files_of(const SSL_CTX& context) {
  return reinterpret_cast<std::uintptr_t>(SSL_CTX_get_ex_data(&context, index_of_files()));
}

// Kept as a copy, and shown as one: OpenSSL invalidates a session for all who share it when a connection gets
// its next ticket or fails.
int on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto& kept = *static_cast<ResumableSession*>(SSL_get_ex_data(ssl, index_of_session()));
  if (UniqueSession copy{SSL_SESSION_dup(session)})
    kept.keep(std::move(copy), files_of(*SSL_get_SSL_CTX(ssl)));
  return 0;  // the original stays theirs
}

// How the files look.
struct Stamp {
  FileStamp ca;
  KeyPairStamp own;

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

Stamp stamp_of(const ClientPolicy& policy) {
  Stamp stamp;
  if (policy.verify && !policy.ca.empty()) stamp.ca = sluice::stamp_of(policy.ca);
  if (policy.own) stamp.own = tls::stamp_of(*policy.own);
  return stamp;
}

void trust(SSL_CTX& context, const ClientPolicy& policy, std::vector<FileFault>& faults) {
  SSL_CTX_set_verify(&context, policy.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!policy.verify) return;
  if (policy.ca.empty()) {
    SSL_CTX_set_default_verify_paths(&context);
    return;
  }
  auto loaded = load_authorities(policy.ca);
  if (auto* fault = std::get_if<FileFault>(&loaded)) {
    faults.push_back(std::move(*fault));
    return;
  }
  auto* store = SSL_CTX_get_cert_store(&context);
  for (auto& authority : std::get<0>(loaded)) X509_STORE_add_cert(store, authority.get());
}

void show_own(SSL_CTX& context, const KeyPairFiles& files, std::vector<FileFault>& faults) {
  auto loaded = load_key_pair(files, context);
  if (auto* wrong = std::get_if<std::vector<FileFault>>(&loaded)) {
    faults.insert(faults.end(), wrong->begin(), wrong->end());
    return;
  }
  auto& pair = std::get<KeyPair>(loaded);
  SSL_CTX_use_certificate(&context, pair.leaf.get());
  SSL_CTX_use_PrivateKey(&context, pair.key.get());
  for (auto& certificate : pair.chain) SSL_CTX_add1_chain_cert(&context, certificate.get());
}

UniqueContext make_context(const ClientPolicy& policy, std::uint64_t files, std::vector<FileFault>& faults) {
  UniqueContext made(SSL_CTX_new_ex(nullptr, own_key_schedule(), TLS_client_method()));
  if (!made) throw std::bad_alloc();
  auto* context = made.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const auto protocols = alpn_list(policy.protocols);
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  if (SSL_CTX_set_ex_data(context, index_of_files(), reinterpret_cast<void*>(files)) != 1)
    throw std::bad_alloc();
  trust(*context, policy, faults);
  if (policy.own) show_own(*context, *policy.own, faults);
  return made;
}

}  // namespace

struct SharedClientContext::State {
  State(const ClientPolicy& p, std::vector<FileFault>& faults)
      : policy(p), stamp(stamp_of(p)), in_force(make_context(p, 0, faults)) {}

  UniqueContext current() {
    std::lock_guard lock(mutex);
    SSL_CTX_up_ref(in_force.get());
    return UniqueContext(in_force.get());
  }

  const ClientPolicy policy;

  std::mutex refreshing;  // of the two below
  Stamp stamp;            // before the files were read that are in force
  std::uint64_t changes = 0;

  std::mutex mutex;  // held for a copy
  UniqueContext in_force;
};

SharedClientContext::SharedClientContext(const ClientPolicy& policy, std::vector<FileFault>& faults)
    : state_(std::make_unique<State>(policy, faults)) {}

SharedClientContext::~SharedClientContext() = default;

SharedClientContext::Refresh SharedClientContext::refresh() const {
  std::lock_guard lock(state_->refreshing);
  const auto stamp = stamp_of(state_->policy);
  if (stamp == state_->stamp) return {};
  Refresh found;
  auto made = make_context(state_->policy, state_->changes + 1, found.refused);
  if (!found.refused.empty()) return found;
  found.taken = true;
  ++state_->changes;
  state_->stamp = stamp;
  std::lock_guard swapping(state_->mutex);
  std::swap(state_->in_force, made);
  return found;
}

UniqueSsl SharedClientContext::make_ssl(const std::string& server_name, ResumableSession& session) const {
  const auto context = state_->current();
  UniqueSsl ssl(SSL_new(context.get()));
  if (!ssl) throw std::bad_alloc();
  SSL_set_ex_data(ssl.get(), index_of_session(), &session);
  auto* expected = SSL_get0_param(ssl.get());
  // RFC 6066 3: an address is no name for SNI.
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, server_name.c_str()) != 1) {
    SSL_set_tlsext_host_name(ssl.get(), server_name.c_str());
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (state_->policy.verify) SSL_set1_host(ssl.get(), server_name.c_str());
  }
  const auto* resumed = session.get(files_of(*context));
  if (resumed == nullptr) return ssl;
  if (const UniqueSession copy{SSL_SESSION_dup(resumed)}) SSL_set_session(ssl.get(), copy.get());
  return ssl;
}

}  // namespace sluice::net::tls
