// A certificate of the tests' own, in files, gone with this.
#pragma once

#include <string>
#include <vector>

namespace sluice {

class TlsFiles {
 public:
  /// For these names; good for `days` from now on.
  explicit TlsFiles(const std::vector<std::string>& names = {"localhost", "127.0.0.1"}, int days = 30);
  ~TlsFiles();
  TlsFiles(const TlsFiles&) = delete;
  TlsFiles& operator=(const TlsFiles&) = delete;

  const std::string& certificate() const noexcept { return certificate_; }
  const std::string& private_key() const noexcept { return private_key_; }

 private:
  std::string folder_;
  std::string certificate_;
  std::string private_key_;
};

}  // namespace sluice
