#include "net/tls/key_pair.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "net/tls/server_context.h"
#include "support/tls_files.h"

namespace sluice::net::tls {
namespace {

constexpr long kHour = 60 * 60;

UniqueCertificate certificate_of(const std::string& path) {
  const UniqueBio bio(BIO_new_file(path.c_str(), "r"));
  return UniqueCertificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

// An unsigned response, as an authority that stands for both ends of its hash would give it.
struct Response {
  explicit Response(const std::string& of) : certificate(certificate_of(of)) {}

  void add(int status, long seconds_to_next_update) {
    const std::unique_ptr<ASN1_TIME, void (*)(ASN1_TIME*)> from(X509_gmtime_adj(nullptr, -2 * kHour),
                                                                ASN1_TIME_free);
    const std::unique_ptr<ASN1_TIME, void (*)(ASN1_TIME*)> until(
        X509_gmtime_adj(nullptr, seconds_to_next_update), ASN1_TIME_free);
    auto* id = OCSP_cert_to_id(EVP_sha1(), certificate.get(), certificate.get());
    OCSP_basic_add1_status(basic.get(), id, status, 0,
                           status == V_OCSP_CERTSTATUS_REVOKED ? from.get() : nullptr, from.get(),
                           until.get());
    OCSP_CERTID_free(id);
  }

  std::string der(const std::string& key_path, int result = OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    const UniqueBio bio(BIO_new_file(key_path.c_str(), "r"));
    const UniqueKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    OCSP_basic_sign(basic.get(), certificate.get(), key.get(), EVP_sha256(), nullptr, 0);
    auto* response = OCSP_response_create(result, basic.get());
    unsigned char* bytes = nullptr;
    const int size = i2d_OCSP_RESPONSE(response, &bytes);
    std::string text(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    OCSP_RESPONSE_free(response);
    return text;
  }

  UniqueCertificate certificate;
  std::unique_ptr<OCSP_BASICRESP, void (*)(OCSP_BASICRESP*)> basic{OCSP_BASICRESP_new(), OCSP_BASICRESP_free};
};

class KeyPairTest : public testing::Test {
 protected:
  ~KeyPairTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  // What is wrong with a response for the certificate of `files_`; empty: nothing.
  std::string fault_of(const std::string& der) {
    const auto loaded =
        load_key_pair({files_.certificate(), files_.private_key(), write("ocsp", der)}, *context_);
    const auto* faults = std::get_if<std::vector<FileFault>>(&loaded);
    if (faults == nullptr) return {};
    EXPECT_EQ(faults->size(), 1U);
    EXPECT_EQ(faults->front().file, FileFault::File::ocsp_response);
    return faults->front().what;
  }

  static std::string make_folder() {
    std::string folder = testing::TempDir() + "key_pair_XXXXXX";
    return mkdtemp(folder.data());
  }

  const std::string folder_ = make_folder();
  const TlsFiles files_;
  const UniqueContext context_ = make_plain_context();
};

TEST_F(KeyPairTest, takes_an_ocsp_response_for_its_certificate) {
  Response response(files_.certificate());
  response.add(V_OCSP_CERTSTATUS_GOOD, kHour);
  EXPECT_EQ(fault_of(response.der(files_.private_key())), "");
}

TEST_F(KeyPairTest, refuses_an_ocsp_response_for_another_certificate) {
  const TlsFiles other;
  Response response(other.certificate());
  response.add(V_OCSP_CERTSTATUS_GOOD, kHour);
  EXPECT_EQ(fault_of(response.der(other.private_key())), "the response belongs to another certificate");
}

TEST_F(KeyPairTest, refuses_an_ocsp_response_for_several_certificates) {
  Response response(files_.certificate());
  response.add(V_OCSP_CERTSTATUS_GOOD, kHour);
  response.add(V_OCSP_CERTSTATUS_GOOD, kHour);
  EXPECT_EQ(fault_of(response.der(files_.private_key())),
            "a response for one certificate is wanted, this one is for 2");
}

TEST_F(KeyPairTest, refuses_an_ocsp_response_that_does_not_say_good) {
  Response response(files_.certificate());
  response.add(V_OCSP_CERTSTATUS_REVOKED, kHour);
  EXPECT_EQ(fault_of(response.der(files_.private_key())), "the response says of the certificate: revoked");
  Response failed(files_.certificate());
  EXPECT_EQ(fault_of(failed.der(files_.private_key(), OCSP_RESPONSE_STATUS_TRYLATER)),
            "the response is not successful: trylater");
  EXPECT_EQ(fault_of("nonsense"), "no OCSP response in DER");
}

TEST_F(KeyPairTest, complains_of_an_ocsp_response_that_has_expired) {
  Response response(files_.certificate());
  response.add(V_OCSP_CERTSTATUS_GOOD, -kHour);
  const KeyPairFiles pair{files_.certificate(), files_.private_key(),
                          write("ocsp", response.der(files_.private_key()))};
  std::vector<std::string> complaints;
  std::vector<PolicyFault> faults;
  const SharedServerContext context(
      {.name = "tests",
       .key_pairs = {pair},
       .client_ca = {},
       .complain = [&](std::size_t, const FileFault& fault) { complaints.push_back(fault.what); }},
      faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(complaints, std::vector<std::string>{"it has expired, and is not stapled"});
}

TEST_F(KeyPairTest, refuses_a_key_that_connections_may_not_show) {
  const UniqueKey key(EVP_RSA_gen(1024));
  auto certificate = certificate_of(files_.certificate());
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  const auto certificate_path = folder_ + "/small.crt", key_path = folder_ + "/small.key";
  {
    const UniqueBio to(BIO_new_file(certificate_path.c_str(), "w"));
    PEM_write_bio_X509(to.get(), certificate.get());
    const UniqueBio key_to(BIO_new_file(key_path.c_str(), "w"));
    PEM_write_bio_PrivateKey(key_to.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }
  const auto loaded = load_key_pair({certificate_path, key_path, {}}, *context_);
  const auto* faults = std::get_if<std::vector<FileFault>>(&loaded);
  ASSERT_NE(faults, nullptr);
  EXPECT_EQ(faults->front().what, "the certificate cannot be shown: ee key too small");

  std::ifstream good(files_.certificate()), small(certificate_path);
  std::ostringstream chain;
  chain << good.rdbuf() << small.rdbuf();
  const auto chained = load_key_pair({write("chain", chain.str()), files_.private_key(), {}}, *context_);
  faults = std::get_if<std::vector<FileFault>>(&chained);
  ASSERT_NE(faults, nullptr);
  EXPECT_EQ(faults->front().what, "certificate 2 of the chain cannot be shown: ca key too small");
}

}  // namespace
}  // namespace sluice::net::tls
