#include "runtime/listen_address.h"

#include <gtest/gtest.h>

namespace sluice::runtime {
namespace {

TEST(ListenAddress, is_guessed_from_what_is_none) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"8080", "write 0.0.0.0:8080 for every address of the machine, or 127.0.0.1:8080 for itself alone"},
      {":80", "write 0.0.0.0:80 for every address of the machine, or 127.0.0.1:80 for itself alone"},
      {"*:80", "write 0.0.0.0:80 for every address of the machine, or 127.0.0.1:80 for itself alone"},
      {"gateway.example.com:80",
       "write 0.0.0.0:80 for every address of the machine, or 127.0.0.1:80 for itself alone"},
      {"gateway", "write 0.0.0.0:8080 for every address of the machine, or 127.0.0.1:8080 for itself alone"},
      {"localhost:80", "write 127.0.0.1:80 or [::1]:80"},
      {"localhost", "write 127.0.0.1:8080 or [::1]:8080"},
      {"http://localhost:80/", "write 127.0.0.1:80 or [::1]:80"},
      {"http://10.0.0.1:80", "write 10.0.0.1:80"},
      {"10.0.0.1", "write 10.0.0.1:8080"},
      {"::", "write [::]:8080"},
      {"::1", "write [::1]:8080"},
      {"::1:80", "write [::1]:80"},
      {"[::1]", "write [::1]:8080"},
      {"/run/sluice.sock", "write unix:/run/sluice.sock"},
      {"unix:", "write unix: and a path, like unix:/run/sluice.sock"},
      {"0.0.0.0:65536", "a port is a number up to 65535"},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(listen_address_instead_of(text), wanted) << text;
}

}  // namespace
}  // namespace sluice::runtime
