#include "support/tls_files.h"

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "net/tls/self_signed.h"

namespace sluice {

TlsFiles::TlsFiles(const std::vector<std::string>& names, int days) {
  auto pattern = (std::filesystem::temp_directory_path() / "sluice-tls-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
  certificate_ = folder_ + "/certificate.pem";
  private_key_ = folder_ + "/key.pem";
  const auto now = std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
  const auto made = net::tls::make_self_signed(names, now, days);
  std::ofstream(certificate_) << made.certificate;
  std::ofstream(private_key_) << made.private_key;
}

TlsFiles::~TlsFiles() { std::filesystem::remove_all(folder_); }

}  // namespace sluice
