// Certificates that change in their files, with whole handshakes.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>

#include "net/tls/client_context.h"
#include "net/tls/self_signed.h"
#include "net/tls/server_context.h"
#include "support/tls_files.h"

namespace sluice::net::tls {
namespace {

using Names = std::vector<std::string>;

WallTime wall_now() {
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
}

UniqueCertificate certificate_in(const std::string& pem) {
  const UniqueBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return UniqueCertificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

template <class Write>
std::string in_pem(Write write) {
  const UniqueBio bio(BIO_new(BIO_s_mem()));
  write(bio.get());
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

SelfSigned make_rsa(const Names& names) {
  const auto made = make_self_signed(names, wall_now(), 30);
  const auto certificate = certificate_in(made.certificate);
  const UniqueKey key(EVP_RSA_gen(2048));
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  return {in_pem([&](BIO* to) { PEM_write_bio_X509(to, certificate.get()); }), in_pem([&](BIO* to) {
            PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

std::string digest_of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (certificate != nullptr) X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string digest_of(const SelfSigned& made) { return digest_of(certificate_in(made.certificate).get()); }

/// Both ends of a connection in memory.
struct Connection {
  UniqueSsl client, server;

  Connection(UniqueSsl c, UniqueSsl s) : client(std::move(c)), server(std::move(s)) {
    BIO *near = nullptr, *far = nullptr;
    BIO_new_bio_pair(&near, 0, &far, 0);
    SSL_set_bio(client.get(), near, near);
    SSL_set_bio(server.get(), far, far);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
  }

  bool shake_hands() {
    for (int turn = 0; turn < 20; ++turn) {
      const int one = SSL_do_handshake(client.get()), other = SSL_do_handshake(server.get());
      if (one == 1 && other == 1) return carries("hello");  // which takes the tickets too
      if (is_over(*client, one) || is_over(*server, other)) break;
    }
    clear_errors();
    return false;
  }

  bool carries(std::string_view text) {
    std::array<char, 64> got{};
    SSL_write(server.get(), text.data(), static_cast<int>(text.size()));
    const int size = SSL_read(client.get(), got.data(), got.size());
    return size > 0 && std::string_view(got.data(), static_cast<std::size_t>(size)) == text;
  }

  std::string shown() const {
    const UniqueCertificate certificate(SSL_get1_peer_certificate(client.get()));
    return digest_of(certificate.get());
  }

 private:
  static bool is_over(SSL& ssl, int result) {
    const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(&ssl, result);
    return error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
  }
};

class Refresh : public testing::Test {
 protected:
  Refresh() : client_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_session_cache_mode(client_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  }

  std::string path(const std::string& name) const { return folder() + "/" + name; }
  std::string folder() const { return std::filesystem::path(files_.certificate()).parent_path(); }

  /// Under another inode, as whoever renews certificates does.
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name + ".tmp"), std::ios::binary) << text;
    std::filesystem::rename(path(name + ".tmp"), path(name));
  }
  void write_pair(const std::string& name, const SelfSigned& made) const {
    write(name + ".crt", made.certificate);
    write(name + ".key", made.private_key);
  }
  SelfSigned renew(const std::string& name, const Names& names) const {
    auto made = make_self_signed(names, wall_now(), 30);
    write_pair(name, made);
    return made;
  }
  KeyPairFiles pair(const std::string& name) const { return {path(name + ".crt"), path(name + ".key"), {}}; }

  std::unique_ptr<SharedServerContext> serve(ServerPolicy policy) const {
    std::vector<PolicyFault> faults;
    auto context = std::make_unique<SharedServerContext>(policy, faults);
    EXPECT_TRUE(faults.empty());
    return context;
  }
  std::unique_ptr<SharedServerContext> serve(const Names& pairs) const {
    ServerPolicy policy{.name = "tests", .key_pairs = {}, .client_ca = {}};
    for (const auto& name : pairs) policy.key_pairs.push_back(pair(name));
    return serve(policy);
  }

  Connection connect(const SharedServerContext& context, const char* server_name = "localhost") const {
    UniqueSsl client(SSL_new(client_.get()));
    SSL_set_tlsext_host_name(client.get(), server_name);
    return {std::move(client), context.make_ssl()};
  }

  /// The digest of the certificate that a new client is shown; empty where there is no connection.
  std::string shown(const SharedServerContext& context, const char* server_name = "localhost",
                    const char* algorithms = nullptr) const {
    auto connection = connect(context, server_name);
    if (algorithms != nullptr) SSL_set1_sigalgs_list(connection.client.get(), algorithms);
    return connection.shake_hands() ? connection.shown() : std::string();
  }

  static std::vector<std::string> faults_of(const SharedServerContext::Refresh& refresh) {
    std::vector<std::string> all;
    for (const auto& [pair, fault] : refresh.refused) all.push_back(fault.what);
    return all;
  }

  TlsFiles files_;
  UniqueContext client_;
};

using Taken = std::vector<std::size_t>;

TEST_F(Refresh, shows_new_clients_the_new_certificate_and_leaves_old_connections_alone) {
  const auto first = renew("a", {"localhost"});
  const auto context = serve(Names{"a"});
  auto connection = connect(*context), begun = connect(*context);
  ASSERT_TRUE(connection.shake_hands());
  SSL_do_handshake(begun.client.get());
  EXPECT_TRUE(context->refresh().taken.empty());
  const auto second = renew("a", {"localhost"});
  EXPECT_EQ(context->refresh().taken, Taken{0});
  EXPECT_EQ(shown(*context), digest_of(second));
  EXPECT_TRUE(connection.carries("still here"));
  EXPECT_TRUE(begun.shake_hands());
  EXPECT_EQ(begun.shown(), digest_of(first));
  EXPECT_TRUE(context->refresh().taken.empty());
}

TEST_F(Refresh, keeps_the_old_pair_while_the_new_one_is_broken) {
  const auto first = renew("a", {"localhost"});
  const auto context = serve(Names{"a"});
  const auto second = make_self_signed({"localhost"}, wall_now(), 30);
  write("a.crt", second.certificate.substr(0, second.certificate.size() / 2));
  const auto refused = context->refresh();
  EXPECT_TRUE(refused.taken.empty());
  ASSERT_EQ(refused.refused.size(), 1U);
  EXPECT_EQ(refused.refused[0].pair, 0U);
  EXPECT_EQ(refused.refused[0].fault.file, FileFault::File::certificate);
  EXPECT_EQ(context->stale(), std::vector{path("a.crt")});
  EXPECT_EQ(shown(*context), digest_of(first));
  EXPECT_EQ(context->refresh().refused.size(), 1U) << "it is still broken";
  EXPECT_EQ(context->stale().size(), 1U);
  write_pair("a", second);
  EXPECT_EQ(context->refresh().taken, Taken{0});
  EXPECT_TRUE(context->stale().empty());
  EXPECT_EQ(shown(*context), digest_of(second));
}

TEST_F(Refresh, keeps_the_old_pair_while_only_one_file_of_the_new_is_there) {
  const auto first = renew("a", {"localhost"});
  const auto context = serve(Names{"a"});
  const auto second = make_self_signed({"localhost"}, wall_now(), 30);
  write("a.crt", second.certificate);
  EXPECT_EQ(faults_of(context->refresh()),
            std::vector<std::string>{"the key does not belong to the certificate"});
  EXPECT_EQ(shown(*context), digest_of(first));
  std::filesystem::remove(path("a.key"));
  EXPECT_EQ(faults_of(context->refresh()), std::vector<std::string>{"there is no such file"});
  EXPECT_EQ(shown(*context), digest_of(first));
  write("a.key", second.private_key);
  EXPECT_EQ(context->refresh().taken, Taken{0});
  EXPECT_EQ(shown(*context), digest_of(second));
}

TEST_F(Refresh, is_content_again_when_the_old_files_come_back) {
  const auto first = renew("a", {"localhost"});
  const auto context = serve(Names{"a"});
  std::filesystem::rename(path("a.crt"), path("kept"));
  EXPECT_FALSE(context->refresh().refused.empty());
  std::filesystem::rename(path("kept"), path("a.crt"));
  context->refresh();
  EXPECT_TRUE(context->stale().empty());
  EXPECT_EQ(shown(*context), digest_of(first));
}

TEST_F(Refresh, changes_one_of_an_rsa_and_an_ecdsa_certificate_of_one_name) {
  const auto other = renew("other", {"other"});
  const auto ecdsa = renew("ecdsa", {"localhost"});
  write_pair("rsa", make_rsa({"localhost"}));
  const auto context = serve(Names{"other", "ecdsa", "rsa"});
  EXPECT_EQ(shown(*context, "localhost", "ECDSA+SHA256"), digest_of(ecdsa));
  const auto rsa = make_rsa({"localhost"});
  write_pair("rsa", rsa);
  EXPECT_EQ(context->refresh().taken, Taken{2});
  EXPECT_EQ(shown(*context, "localhost", "ECDSA+SHA256"), digest_of(ecdsa));
  EXPECT_EQ(shown(*context, "localhost", "rsa_pss_rsae_sha256"), digest_of(rsa));
  EXPECT_EQ(shown(*context, "elsewhere"), digest_of(other));
}

TEST_F(Refresh, takes_an_rsa_pair_in_place_of_an_ecdsa_pair) {
  renew("a", {"localhost"});
  const auto context = serve(Names{"a"});
  const auto rsa = make_rsa({"localhost"});
  write_pair("a", rsa);
  EXPECT_EQ(context->refresh().taken, Taken{0});
  EXPECT_EQ(shown(*context), digest_of(rsa));
}

TEST_F(Refresh, follows_the_names_of_the_new_certificate) {
  const auto first = renew("first", {"first"});
  renew("b", {"old.example", "stays.example"});
  const auto context = serve(Names{"first", "b"});
  const auto second = renew("b", {"*.new.example", "stays.example"});
  context->refresh();
  EXPECT_EQ(shown(*context, "old.example"), digest_of(first));
  EXPECT_EQ(shown(*context, "x.new.example"), digest_of(second));
  EXPECT_EQ(shown(*context, "stays.example"), digest_of(second));
}

TEST_F(Refresh, keeps_in_memory_what_clients_have_asked_for_and_no_more) {
  renew("first", {"first"});
  renew("asked", {"asked"});
  renew("never", {"never"});
  const auto context = serve(Names{"first", "asked", "never"});
  EXPECT_FALSE(shown(*context, "asked").empty());
  const auto asked = renew("asked", {"asked"}), never = renew("never", {"never"});
  EXPECT_EQ(context->refresh().taken, (Taken{1, 2}));
  for (const auto* name : {"asked", "never"}) {
    std::filesystem::rename(path(std::string(name) + ".key"), path(std::string(name) + ".away"));
  }
  EXPECT_EQ(shown(*context, "asked"), digest_of(asked));
  EXPECT_EQ(shown(*context, "never"), "");
  std::filesystem::rename(path("never.away"), path("never.key"));
  EXPECT_EQ(shown(*context, "never"), digest_of(never));
}

TEST_F(Refresh, resumes_sessions_of_before) {
  renew("a", {"localhost"});
  const auto context = serve(Names{"a"});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SSL_CTX_set_max_proto_version(client_.get(), version);
    auto connection = connect(*context);
    ASSERT_TRUE(connection.shake_hands());
    const UniqueSession session(SSL_get1_session(connection.client.get()));
    renew("a", {"localhost"});
    context->refresh();
    auto again = connect(*context);
    SSL_set_session(again.client.get(), session.get());
    ASSERT_TRUE(again.shake_hands());
    EXPECT_TRUE(SSL_session_reused(again.client.get())) << version;
  }
}

TEST_F(Refresh, takes_a_new_ca_of_clients_and_resumes_nothing_that_the_old_one_vouched_for) {
  renew("a", {"localhost"});
  const auto before = renew("client", {"client"});
  write("ca.crt", before.certificate);
  const auto context = serve(ServerPolicy{.name = "tests",
                                          .key_pairs = {pair("a")},
                                          .client_auth = ClientAuth::required,
                                          .client_ca = path("ca.crt")});
  const auto as = [&](const std::string& name, const SSL_SESSION* session) {
    auto connection = connect(*context);
    SSL_use_certificate_file(connection.client.get(), path(name + ".crt").c_str(), SSL_FILETYPE_PEM);
    SSL_use_PrivateKey_file(connection.client.get(), path(name + ".key").c_str(), SSL_FILETYPE_PEM);
    if (session != nullptr) SSL_set_session(connection.client.get(), const_cast<SSL_SESSION*>(session));
    return connection;
  };
  auto connection = as("client", nullptr);
  ASSERT_TRUE(connection.shake_hands());
  const UniqueSession session(SSL_get1_session(connection.client.get()));
  auto resumed = as("client", session.get());
  ASSERT_TRUE(resumed.shake_hands());
  ASSERT_TRUE(SSL_session_reused(resumed.client.get()));
  const UniqueSession next(SSL_get1_session(resumed.client.get()));

  write("ca.crt", "not a certificate");
  EXPECT_EQ(faults_of(context->refresh()), std::vector<std::string>{"no certificate in PEM"});
  EXPECT_EQ(context->stale(), std::vector{path("ca.crt")});
  EXPECT_TRUE(as("client", nullptr).shake_hands());

  write("ca.crt", renew("other", {"other"}).certificate);
  EXPECT_EQ(context->refresh().taken, Taken{std::string::npos});
  EXPECT_TRUE(context->stale().empty());
  EXPECT_FALSE(as("client", nullptr).shake_hands());
  EXPECT_FALSE(as("client", next.get()).shake_hands());
  EXPECT_TRUE(as("other", nullptr).shake_hands());
}

TEST_F(Refresh, says_until_when_the_new_certificate_lasts) {
  renew("a", {"localhost"});
  const auto context = serve(Names{"a"});
  const auto before = context->expiries().front().when;
  write_pair("a", make_self_signed({"localhost"}, wall_now(), 90));
  context->refresh();
  EXPECT_GT(context->expiries().front().when, before + std::chrono::hours(24 * 50));
}

TEST_F(Refresh, goes_on_beside_handshakes_of_other_threads) {
  renew("a", {"localhost"});
  renew("b", {"b"});
  const auto context = serve(Names{"a", "b"});
  EXPECT_FALSE(shown(*context, "b").empty());  // from now on it is in memory, whatever the files hold
  std::atomic<bool> done = false;
  std::atomic<unsigned> failed = 0, made = 0;
  const auto worker = [&](const char* name) {
    while (!done) {
      shown(*context, name).empty() ? ++failed : ++made;
      (void)context->expiries();
      (void)context->stale();
    }
  };
  std::thread one(worker, "localhost"), other(worker, "b");
  for (int i = 0; (i < 30 || made < 100) && failed == 0; ++i) {
    renew("a", {"localhost"});
    renew("b", {"b"});
    context->refresh();
  }
  done = true;
  one.join();
  other.join();
  EXPECT_EQ(failed, 0U);
}

class ClientRefresh : public Refresh {
 protected:
  std::unique_ptr<SharedClientContext> dial(ClientPolicy policy) const {
    std::vector<FileFault> faults;
    auto context = std::make_unique<SharedClientContext>(policy, faults);
    EXPECT_TRUE(faults.empty());
    return context;
  }
};

TEST_F(ClientRefresh, believes_the_new_ca_and_resumes_nothing_that_the_old_one_vouched_for) {
  const auto first = renew("a", {"localhost"});
  write("ca.crt", first.certificate);
  const auto server = serve(Names{"a"});
  const auto client = dial({.ca = path("ca.crt"), .own = {}});
  ResumableSession session;
  const auto connects = [&] {
    Connection connection(client->make_ssl("localhost", session), server->make_ssl());
    return connection.shake_hands() ? (SSL_session_reused(connection.client.get()) ? "resumed" : "full")
                                    : "none";
  };
  EXPECT_STREQ(connects(), "full");
  EXPECT_STREQ(connects(), "resumed");
  write("ca.crt", "not a certificate");
  EXPECT_EQ(client->refresh().refused.size(), 1U);
  EXPECT_EQ(client->refresh().refused.size(), 1U) << "it is still broken";
  EXPECT_STREQ(connects(), "resumed");
  write("ca.crt", make_self_signed({"localhost"}, wall_now(), 30).certificate);
  EXPECT_TRUE(client->refresh().taken);
  EXPECT_STREQ(connects(), "none");
  write("ca.crt", first.certificate);
  EXPECT_TRUE(client->refresh().taken);
  EXPECT_STREQ(connects(), "full");
}

TEST_F(ClientRefresh, shows_its_new_certificate) {
  const auto first = renew("a", {"localhost"});
  renew("own", {"own"});
  const auto server = serve(Names{"a"});
  const auto client = dial({.ca = path("a.crt"), .own = pair("own")});
  const auto shown_to_server = [&] {
    ResumableSession session;
    Connection connection(client->make_ssl("localhost", session), server->make_ssl());
    SSL_set_verify(connection.server.get(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    EXPECT_TRUE(connection.shake_hands());
    const UniqueCertificate certificate(SSL_get1_peer_certificate(connection.server.get()));
    return digest_of(certificate.get());
  };
  const auto old = shown_to_server();
  const auto next = make_self_signed({"own"}, wall_now(), 30);
  write("own.crt", next.certificate);
  EXPECT_EQ(client->refresh().refused.size(), 1U);
  EXPECT_EQ(shown_to_server(), old);
  write("own.key", next.private_key);
  EXPECT_TRUE(client->refresh().taken);
  EXPECT_EQ(shown_to_server(), digest_of(next));
}

}  // namespace
}  // namespace sluice::net::tls
