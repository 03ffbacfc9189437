// Our key schedule beside OpenSSL's own: the same keys from the same input, and the same refusals.
#include "net/tls/key_schedule.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

namespace sluice::net::tls {
namespace {

struct Input {
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  std::string digest = "SHA2-256";
  std::optional<std::string> key, salt, data;
  std::string prefix = "tls13 ";
  std::string label = "derived";
  std::size_t size = 32;
};

OSSL_PARAM octets(const char* name, std::string& bytes) {
  return OSSL_PARAM_construct_octet_string(name, bytes.data(), bytes.size());
}

// Nothing where it is refused.
std::optional<std::string> derive(Input input, const char* properties) {
  const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(
      EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, properties), EVP_KDF_free);
  EXPECT_TRUE(kdf) << properties;
  const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(EVP_KDF_CTX_new(kdf.get()),
                                                                          EVP_KDF_CTX_free);
  std::vector<OSSL_PARAM> params{
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &input.mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, input.digest.data(), 0),
      octets(OSSL_KDF_PARAM_PREFIX, input.prefix), octets(OSSL_KDF_PARAM_LABEL, input.label)};
  if (input.key) params.push_back(octets(OSSL_KDF_PARAM_KEY, *input.key));
  if (input.salt) params.push_back(octets(OSSL_KDF_PARAM_SALT, *input.salt));
  if (input.data) params.push_back(octets(OSSL_KDF_PARAM_DATA, *input.data));
  params.push_back(OSSL_PARAM_construct_end());
  std::string out(input.size, '\0');
  const int done =
      EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()), out.size(), params.data());
  ERR_clear_error();
  return done == 1 ? std::optional(out) : std::nullopt;
}

std::optional<std::string> ours(const Input& input) {
  EXPECT_STREQ(own_key_schedule(), "?provider=sluice");
  return derive(input, own_key_schedule());
}

std::optional<std::string> theirs(const Input& input) { return derive(input, "provider=default"); }

TEST(KeySchedule, expands_to_the_same_keys_of_any_length) {
  std::mt19937 random(1);
  const auto text = [&random](std::size_t most) {
    std::string bytes(random() % (most + 1), '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
  };
  for (int i = 0; i < 500; ++i) {
    Input input;
    input.digest = i % 2 ? "SHA2-256" : "SHA2-384";
    input.key = text(200);
    if (input.key->empty()) input.key = "k";
    input.label = text(100);
    if (i % 3) input.data = text(255);
    input.size = 1 + random() % 500;
    const auto expected = theirs(input);
    ASSERT_TRUE(expected);
    EXPECT_EQ(ours(input), expected) << i;
  }
}

TEST(KeySchedule, extracts_the_same_secrets_with_and_without_those_before) {
  for (const char* digest : {"SHA2-256", "SHA2-384", "SHA256", "SHA384"}) {
    Input input;
    input.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    input.digest = digest;
    input.size = input.digest.ends_with("256") ? 32 : 48;
    for (const auto& key : {std::optional<std::string>{}, std::optional<std::string>(std::string(32, 'k'))}) {
      for (const auto& salt :
           {std::optional<std::string>{}, std::optional<std::string>(std::string(input.size, 's'))}) {
        input.key = key;
        input.salt = salt;
        const auto expected = theirs(input);
        ASSERT_TRUE(expected);
        EXPECT_EQ(ours(input), expected) << digest << key.has_value() << salt.has_value();
      }
    }
  }
}

// RFC 8448 3: {server} derive secret "tls13 derived", of the early secret.
TEST(KeySchedule, derives_what_the_traces_of_the_RFC_say) {
  Input input;
  input.data =
      "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24"
      "\x27\xae\x41\xe4\x64\x9b\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55";
  const std::string expected(
      "\x6f\x26\x15\xa1\x08\xc7\x02\xc5\x67\x8f\x54\xfc\x9d\xba\xb6\x97"
      "\x16\xc0\x76\x18\x9c\x48\x25\x0c\xeb\xea\xc3\x57\x6c\x36\x11\xba",
      32);
  input.key = std::string(
      "\x33\xad\x0a\x1c\x60\x7e\xc0\x3b\x09\xe6\xcd\x98\x93\x68\x0c\xe2"
      "\x10\xad\xf3\x00\xaa\x1f\x26\x60\xe1\xb2\x2e\x10\xf1\x70\xf9\x2a",
      32);
  EXPECT_EQ(ours(input), expected);
}

TEST(KeySchedule, refuses_what_it_cannot_derive) {
  Input good;
  good.key = std::string(32, 'k');
  ASSERT_TRUE(ours(good));
  auto bad = good;
  bad.key = {};
  EXPECT_FALSE(ours(bad)) << "no key";
  bad = good;
  bad.digest = "SHA2-512";
  EXPECT_FALSE(ours(bad)) << "no digest of TLS 1.3";
  bad = good;
  bad.label = std::string(250, 'l');
  EXPECT_FALSE(ours(bad)) << "a label that is too long";
  bad = good;
  bad.data = std::string(256, 'd');
  EXPECT_FALSE(ours(bad)) << "a context that is too long";
  bad = good;
  bad.size = 255 * 32 + 1;
  EXPECT_FALSE(ours(bad)) << "more than there is";
  bad = good;
  bad.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
  EXPECT_FALSE(ours(bad)) << "no step of the schedule";
}

}  // namespace
}  // namespace sluice::net::tls
