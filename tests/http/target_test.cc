#include "http/target.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::http {
namespace {

using namespace std::string_literals;

struct Normalised {
  std::string raw;
  std::string path;
  std::string query = {};
  bool has_query = false;
};

TEST(Target, is_normalised) {
  const std::vector<Normalised> cases = {
      {"/", "/"},
      {"/a/b", "/a/b"},
      {"/a?b=c", "/a", "b=c", true},
      {"/a?", "/a", "", true},
      {"/?a?b/c", "/", "a?b/c", true},
      // RFC 3986 6.2.2.2: percent-encoding
      {"/%41%7e%2D%5f", "/A~-_"},
      {"/%c3%a9", "/%C3%A9"},
      {"/%C3%A9", "/%C3%A9"},
      {"/a%20b", "/a%20b"},
      {"/%25", "/%25"},
      {"/%252e%252e/a", "/%252e%252e/a"},
      {"/%0d%0a", "/%0D%0A"},
      {"/%3f%23%3B", "/%3F%23%3B"},
      // RFC 3986 5.2.4: dot segments
      {"/.", "/"},
      {"/./", "/"},
      {"/./a", "/a"},
      {"/a/.", "/a/"},
      {"/a/./b", "/a/b"},
      {"/a/..", "/"},
      {"/a/../", "/"},
      {"/a/../b", "/b"},
      {"/a/b/../..", "/"},
      {"/a/b/../../c", "/c"},
      {"/a/b/c/./../../g", "/a/g"},
      {"/a/%2e%2E/b", "/b"},
      {"/a/.%2e/b", "/b"},
      {"/a/%2e/b", "/a/b"},
      {"/a/...", "/a/..."},
      {"/a/..b/.c", "/a/..b/.c"},
      {"/.well-known/x", "/.well-known/x"},
      {"/a./b../c", "/a./b../c"},
      // empty segments are kept
      {"//", "//"},
      {"//a//b//", "//a//b//"},
      {"/a//../b", "/a/b"},
      {"//..", "/"},
      {"/a//", "/a//"},
      // RFC 3986 3.3: what a segment may hold
      {"/a;b=c,d:@!$&'()*+=", "/a;b=c,d:@!$&'()*+="},
      {"/{a}|[b]^`<>\"", "/%7Ba%7D%7C%5Bb%5D%5E%60%3C%3E%22"},
      // the query stays as it is
      {"/a?%41%zz=../../{x}[y]|\\%", "/a", "%41%zz=../../{x}[y]|\\%", true},
  };
  for (const Normalised& c : cases) {
    Arena arena;
    const TargetResult result = normalise_target(c.raw, Method::get, arena);
    ASSERT_FALSE(result.refusal) << c.raw << ": " << result.refusal.detail;
    EXPECT_EQ(result.target.path, c.path) << c.raw;
    EXPECT_EQ(result.target.query, c.query) << c.raw;
    EXPECT_EQ(result.target.has_query, c.has_query) << c.raw;
    EXPECT_EQ(result.target.form, Target::Form::origin) << c.raw;
    EXPECT_TRUE(result.target.scheme.empty() && result.target.authority.empty());
    // What is normal stays as it is.
    const std::string again(result.target.path);
    EXPECT_EQ(normalise_target(again, Method::get, arena).target.path, again);
  }
}

TEST(Target, that_is_normal_is_not_copied) {
  Arena arena;
  const std::string_view raw = "/orders/17?x=1";
  const TargetResult result = normalise_target(raw, Method::get, arena);
  EXPECT_EQ(result.target.path.data(), raw.data());
  EXPECT_TRUE(is_normal_path("/orders/17"));
  EXPECT_FALSE(is_normal_path("/orders/../17"));
}

struct Refused {
  std::string raw;
  const char* detail;
  Method method = Method::get;
};

TEST(Target, is_refused_where_it_could_be_read_in_two_ways) {
  const std::vector<Refused> cases = {
      {"", "empty target"},
      {"a", "target is neither a path nor an http or https URI"},
      {"*", "asterisk-form without OPTIONS"},
      {"?a", "target is neither a path nor an http or https URI"},
      {"example.com:80", "target is neither a path nor an http or https URI"},
      {"ftp://a/", "target is neither a path nor an http or https URI"},
      {"http:/a/", "target is neither a path nor an http or https URI"},
      {"http//a/", "target is neither a path nor an http or https URI"},
      {"\\a", "target is neither a path nor an http or https URI"},
      // dot segments above the root
      {"/..", "dot segments climb above the root"},
      {"/../a", "dot segments climb above the root"},
      {"/a/../..", "dot segments climb above the root"},
      {"/a/../../b", "dot segments climb above the root"},
      {"/%2e%2e/a", "dot segments climb above the root"},
      {"/./../a", "dot segments climb above the root"},
      {"/..;/a", "dot segment with a parameter"},
      {"/a/..;x=y/b", "dot segment with a parameter"},
      {"/a/.;", "dot segment with a parameter"},
      {"/a/%2e.;/b", "dot segment with a parameter"},
      // percent-encoding
      {"/%", "broken percent-encoding"},
      {"/%4", "broken percent-encoding"},
      {"/%4g", "broken percent-encoding"},
      {"/%zz", "broken percent-encoding"},
      {"/%u0041", "broken percent-encoding"},
      {"/a%00", "encoded NUL in the target"},
      {"/a?b%00", "encoded NUL in the target"},
      {"/a%2fb", "encoded slash or backslash in the path"},
      {"/a%2Fb", "encoded slash or backslash in the path"},
      {"/a%5cb", "encoded slash or backslash in the path"},
      {"/..%2f..", "encoded slash or backslash in the path"},
      // raw bytes
      {"/a\\b", "backslash in the path"},
      {"/a#b", "fragment in the target"},
      {"/a?b#c", "fragment in the target"},
      {"/a b", "space or control character in the target"},
      {"/a?b c", "space or control character in the target"},
      {"/a\tb", "space or control character in the target"},
      {"/a\x7f", "space or control character in the target"},
      {"/a\0b"s, "space or control character in the target"},
      {"/\xc3\xa9", "non-ASCII byte in the target"},
      {"/a?\xc3\xa9", "non-ASCII byte in the target"},
      // absolute- and authority-form
      {"http:///a", "empty host"},
      {"http://", "empty host"},
      {"http://u@a/", "user information in the authority"},
      {"http://u:p@a/", "user information in the authority"},
      {"http://a:x/", "invalid port"},
      {"http://a b/", "invalid character or empty label in the host"},
      {"http://a\\b/", "invalid character or empty label in the host"},
      {"http://a/../b", "dot segments climb above the root"},
      {"a", "CONNECT without a port", Method::connect},
      {"/", "invalid character or empty label in the host", Method::connect},
      {"http://a:80", "invalid port", Method::connect},
      {"u@a:80", "user information in the authority", Method::connect},
      {"*", "invalid character or empty label in the host", Method::connect},
      {"a:0", "CONNECT without a port", Method::connect},
      {"/a/..%3b/b", "dot segment with a parameter"},
  };
  for (const Refused& c : cases) {
    Arena arena;
    const TargetResult result = normalise_target(c.raw, c.method, arena);
    EXPECT_TRUE(result.refusal) << c.raw;
    EXPECT_EQ(result.refusal.detail, c.detail) << c.raw;
    EXPECT_EQ(status(result.refusal.reason), 400) << c.raw;
  }
}

TEST(Target, keeps_encoded_slashes_where_that_is_allowed) {
  Arena arena;
  const TargetResult result =
      normalise_target("/a%2fb%5C/../%2e%2e.%2fc", Method::get, arena, {.allow_encoded_slash = true});
  ASSERT_FALSE(result.refusal);
  EXPECT_EQ(result.target.path, "/...%2Fc");
  EXPECT_TRUE(result.target.has_encoded_slash);
}

TEST(Target, hides_no_dot_segment_beside_an_encoded_slash) {
  for (const char* path :
       {"/%2e%2e%2fa", "/a%2f..", "/a%5c.%5cb", "/a%2f..%2fb", "/a%2f..;x/b", "/..%3b%2fa"}) {
    Arena arena;
    EXPECT_TRUE(normalise_target(path, Method::get, arena, {.allow_encoded_slash = true}).refusal) << path;
  }
}

TEST(Target, in_absolute_form_names_its_authority) {  // RFC 9112 3.2.2
  Arena arena;
  Target target = normalise_target("HTTP://Example.com:80/a/../b?c", Method::get, arena).target;
  EXPECT_EQ(target.form, Target::Form::absolute);
  EXPECT_EQ(target.scheme, "http");
  EXPECT_EQ(target.authority, "Example.com:80");
  EXPECT_EQ(target.path, "/b");
  EXPECT_EQ(target.query, "c");
  target = normalise_target("https://[::1]", Method::get, arena).target;
  EXPECT_EQ(target.scheme, "https");
  EXPECT_EQ(target.authority, "[::1]");
  EXPECT_EQ(target.path, "/");
  target = normalise_target("http://a?b", Method::get, arena).target;
  EXPECT_EQ(target.authority, "a");
  EXPECT_EQ(target.path, "/");
  EXPECT_EQ(target.query, "b");
}

TEST(Target, of_options_may_be_the_server_itself) {  // RFC 9112 3.2.4
  Arena arena;
  EXPECT_EQ(normalise_target("*", Method::options, arena).target.path, "*");
  EXPECT_EQ(normalise_target("*", Method::options, arena).target.form, Target::Form::asterisk);
  EXPECT_EQ(normalise_target("http://a", Method::options, arena).target.path, "*");
  EXPECT_EQ(normalise_target("http://a/", Method::options, arena).target.path, "/");
}

TEST(Target, of_connect_is_an_authority) {  // RFC 9112 3.2.3
  Arena arena;
  const Target target = normalise_target("example.com:443", Method::connect, arena).target;
  EXPECT_EQ(target.form, Target::Form::authority);
  EXPECT_EQ(target.authority, "example.com:443");
  EXPECT_EQ(target.path, "");
}

}  // namespace
}  // namespace sluice::http
