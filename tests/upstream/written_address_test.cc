#include "upstream/written_address.h"

#include <gtest/gtest.h>

namespace sluice::upstream {
namespace {

TEST(WrittenAddress, is_what_an_endpoint_is_guessed_from) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"127.0.0.1", "write 127.0.0.1:8080"},
      {"app", "write app:8080"},
      {"http://x:80", "write x:80"},
      {"http://x", "write x:80"},
      {"https://x/path", "write x:443"},
      {"::1", "write [::1]:8080"},
      {":80", "write 127.0.0.1:80 for this machine"},
      {"8080", "write 127.0.0.1:8080 for this machine"},
      {":70000", "a port is a number from 1 to 65535"},
      {"app:0", "a port is a number from 1 to 65535"},
      {"/run/app.sock", "write unix:/run/app.sock"},
      {"unix:", "write unix: and a path, like unix:/run/app.sock"},
      {"a b", ""},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(endpoint_instead_of(text), wanted) << text;
}

TEST(WrittenAddress, of_a_unix_socket_is_short) {
  EXPECT_EQ(endpoint_instead_of("unix:/" + std::string(107, 'a')),
            "the path of a unix socket has at most 107 bytes");
}

}  // namespace
}  // namespace sluice::upstream
