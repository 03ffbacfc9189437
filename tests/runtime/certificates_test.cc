#include "runtime/certificates.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "support/tls_files.h"

namespace sluice::runtime {
namespace {

class CertificatesTest : public testing::Test {
 protected:
  CertificatesTest() {
    const auto text = "listeners:\n- name: public\n  address: 127.0.0.1:0\n  tls:\n    certificates:\n" +
                      pair("    - ", own_, "      ") +
                      "upstreams:\n  app:\n    endpoints: 127.0.0.1:1\n    tls:\n" +
                      "      ca: " + upstream_.certificate() + "\n" + pair("      ", upstream_, "      ") +
                      "routes: { upstream: app }\n";
    conf::Problems problems;
    auto config = parse_config(text, "c.yaml", problems);
    if (config) snapshot_ = compile(std::move(*config), problems);
    EXPECT_EQ(problems.text(), "");
  }

  static std::string pair(const std::string& first, const TlsFiles& files, const std::string& then) {
    return first + "certificate: " + files.certificate() + "\n" + then +
           "private_key: " + files.private_key() + "\n";
  }

  static void replace(const std::string& path, const std::string& with) {
    std::filesystem::copy_file(with, path + ".new");
    std::filesystem::rename(path + ".new", path);
  }

  TlsFiles own_, upstream_, next_;
  std::shared_ptr<const Snapshot> snapshot_;
};

TEST_F(CertificatesTest, are_left_as_they_are_while_no_file_changes) {
  const auto refresh = refresh_certificates(*snapshot_);
  EXPECT_EQ(refresh.taken, 0U);
  EXPECT_TRUE(refresh.refused.empty());
}

TEST_F(CertificatesTest, are_refused_where_the_file_is_named_and_called_stale_until_they_are_sound) {
  replace(own_.certificate(), next_.certificate());
  const auto refused = refresh_certificates(*snapshot_);
  EXPECT_EQ(refused.taken, 0U);
  EXPECT_EQ(refused.refused.text(),
            "c.yaml:7:20: listeners[0].tls.certificates[0].private_key: " + own_.private_key() +
                ": the key does not belong to the certificate\n");
  auto states = certificate_states(*snapshot_);
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].certificate, own_.certificate());
  EXPECT_TRUE(states[0].stale);
  EXPECT_GT(states[0].not_after, 1e9);
  replace(own_.private_key(), next_.private_key());
  const auto taken = refresh_certificates(*snapshot_);
  EXPECT_EQ(taken.taken, 1U);
  EXPECT_TRUE(taken.refused.empty());
  EXPECT_FALSE(certificate_states(*snapshot_)[0].stale);
}

TEST_F(CertificatesTest, of_upstreams_are_taken_together) {
  replace(upstream_.certificate(), next_.certificate());
  const auto refused = refresh_certificates(*snapshot_);
  EXPECT_EQ(refused.refused.text(),
            "c.yaml:14:20: upstreams.app.tls.private_key: " + upstream_.private_key() +
                ": the key does not belong to the certificate\n");
  replace(upstream_.private_key(), next_.private_key());
  EXPECT_EQ(refresh_certificates(*snapshot_).taken, 1U);
}

TEST_F(CertificatesTest, and_keys_are_among_what_a_configuration_was_read_from) {
  conf::Sources sources;
  add_files(*snapshot_->config.listeners[0].tls, sources);
  add_files(*snapshot_->config.upstreams[0].value.tls, sources);
  for (const auto* files : {&own_, &upstream_}) {
    EXPECT_TRUE(sources.files().contains(files->certificate()));
    EXPECT_TRUE(sources.files().contains(files->private_key()));
  }
}

}  // namespace
}  // namespace sluice::runtime
