#include "net/tls/client_context.h"

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

// Kept as a copy, and shown as one: OpenSSL invalidates a session for all who share it when a connection gets
// its next ticket or fails.
int on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto& kept = *static_cast<ResumableSession*>(SSL_get_ex_data(ssl, index_of_session()));
  if (UniqueSession copy{SSL_SESSION_dup(session)}) kept.keep(std::move(copy));
  return 0;  // the original stays theirs
}

}  // namespace

SharedClientContext::SharedClientContext(const ClientPolicy& policy, std::vector<FileFault>& faults)
    : context_(SSL_CTX_new_ex(nullptr, own_key_schedule(), TLS_client_method())), verify_(policy.verify) {
  if (!context_) throw std::bad_alloc();
  auto* context = context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const auto protocols = alpn_list(policy.protocols);
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
  trust(policy, faults);
  if (policy.own) show(*policy.own, faults);
}

void SharedClientContext::trust(const ClientPolicy& policy, std::vector<FileFault>& faults) {
  auto* context = context_.get();
  SSL_CTX_set_verify(context, verify_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!verify_) return;
  if (policy.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return;
  }
  auto loaded = load_authorities(policy.ca);
  if (auto* fault = std::get_if<FileFault>(&loaded)) {
    faults.push_back(std::move(*fault));
    return;
  }
  auto* store = SSL_CTX_get_cert_store(context);
  for (auto& authority : std::get<0>(loaded)) X509_STORE_add_cert(store, authority.get());
}

void SharedClientContext::show(const KeyPairFiles& files, std::vector<FileFault>& faults) {
  auto loaded = load_key_pair(files, *context_);
  if (auto* wrong = std::get_if<std::vector<FileFault>>(&loaded)) {
    faults.insert(faults.end(), wrong->begin(), wrong->end());
    return;
  }
  auto& pair = std::get<KeyPair>(loaded);
  SSL_CTX_use_certificate(context_.get(), pair.leaf.get());
  SSL_CTX_use_PrivateKey(context_.get(), pair.key.get());
  for (auto& certificate : pair.chain) SSL_CTX_add1_chain_cert(context_.get(), certificate.get());
}

UniqueSsl SharedClientContext::make_ssl(const std::string& server_name, ResumableSession& session) const {
  UniqueSsl ssl(SSL_new(context_.get()));
  if (!ssl) throw std::bad_alloc();
  SSL_set_ex_data(ssl.get(), index_of_session(), &session);
  auto* expected = SSL_get0_param(ssl.get());
  // RFC 6066 3: an address is no name for SNI.
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, server_name.c_str()) != 1) {
    SSL_set_tlsext_host_name(ssl.get(), server_name.c_str());
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (verify_) SSL_set1_host(ssl.get(), server_name.c_str());
  }
  if (session.get() == nullptr) return ssl;
  if (const UniqueSession copy{SSL_SESSION_dup(session.get())}) SSL_set_session(ssl.get(), copy.get());
  return ssl;
}

}  // namespace sluice::net::tls
