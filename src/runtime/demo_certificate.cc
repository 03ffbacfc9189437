#include "runtime/demo_certificate.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <variant>

#include <fmt/format.h>

#include "net/tls/key_pair.h"
#include "net/tls/self_signed.h"
#include "runtime/server.h"

namespace sluice::runtime {
namespace {

namespace fs = std::filesystem;

constexpr int kDays = 365;

fs::path folder() {
  if (const char* cache = getenv("XDG_CACHE_HOME"); cache && fs::path(cache).is_absolute())
    return fs::path(cache) / "sluice";
  if (const char* home = getenv("HOME"); home && fs::path(home).is_absolute())
    return fs::path(home) / ".cache/sluice";
  auto pattern = (fs::temp_directory_path() / "sluice-demo-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw StartError(fmt::format("{}: {}", pattern, std::strerror(errno)));
  return pattern;
}

WallTime now() { return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now()); }

bool is_usable(const DemoCertificate& files) {
  const auto loaded =
      net::tls::load_key_pair({files.certificate, files.private_key, {}}, *net::tls::make_plain_context());
  const auto* pair = std::get_if<net::tls::KeyPair>(&loaded);
  return pair != nullptr && pair->expires > now() + std::chrono::hours(24);
}

// Whole or not at all: another demo may be reading.
void write(const std::string& path, const std::string& text, mode_t mode) {
  const auto fresh = fmt::format("{}.{}", path, getpid());
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool closed = file < 0 || ::close(file) == 0;
  if (!written || !closed || std::rename(fresh.c_str(), path.c_str()) != 0) {
    throw StartError(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  }
}

}  // namespace

DemoCertificate demo_certificate() try {
  const auto where = folder();
  fs::create_directories(where);
  const DemoCertificate files{(where / "demo.crt").string(), (where / "demo.key").string()};
  if (is_usable(files)) return files;
  const auto made = net::tls::make_self_signed({"localhost", "127.0.0.1", "::1"}, now(), kDays);
  write(files.private_key, made.private_key, 0600);
  write(files.certificate, made.certificate, 0644);
  return files;
} catch (const fs::filesystem_error& error) {
  throw StartError(fmt::format("no place for the demo's certificate: {}", error.what()));
}

}  // namespace sluice::runtime
