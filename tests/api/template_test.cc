#include "sluice/template.h"

#include <gtest/gtest.h>

#include "conf/binder.h"
#include "conf/reader.h"
#include "support/allocations.h"
#include "support/request.h"

namespace sluice {
namespace {

using test::Request;
constexpr auto uri = Template::Use::uri;

std::string expand(std::string_view text, Request& request, Template::Use use = Template::Use::field) {
  const auto parsed = Template::parse(text);
  if (!parsed) return "error: " + parsed.error().message;
  return std::string(parsed->expand(*request, request->arena(), use));
}

std::string fault(std::string_view text) {
  const auto parsed = Template::parse(text);
  return parsed ? std::string{} : parsed.error().message;
}

TEST(Template, expands_every_variable) {
  Request request("shop.example.com", "/old/a/b?x=1&name=J%C3%B6rg",
                  {{"X-Tag", "t1"}, {"Accept", "*/*"}, {"Cookie", "a=1; session=s3; b=2"}});
  request->request.authority = "shop.example.com:8080";
  request->client.address = "203.0.113.7";
  request->client.peer_port = 4711;
  request->listener = "public";
  request->route = "orders";
  request->path_rest = request->request.path.substr(5);
  request->upstream = "orders-v2";
  request->request_id = "r-1";
  request->trace_id = "0af7651916cd43dd8448eb211c80319c";
  request->consumer = "mobile-app";
  request->response.status = 201;
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"{client.ip}", "203.0.113.7"},
      {"{client.port}", "4711"},
      {"{consumer}", "mobile-app"},
      {"{listener}", "public"},
      {"{method}", "GET"},
      {"{scheme}", "http"},
      {"{authority}", "shop.example.com:8080"},
      {"{host}", "shop.example.com"},
      {"{path}", "/old/a/b"},
      {"{path.rest}", "a/b"},
      {"{query}", "x=1&name=J%C3%B6rg"},
      {"{query.x}", "1"},
      {"{query.name}", "J%C3%B6rg"},
      {"{header.x-tag}", "t1"},
      {"{header.accept}", "*/*"},
      {"{cookie.session}", "s3"},
      {"{request_id}", "r-1"},
      {"{trace_id}", "0af7651916cd43dd8448eb211c80319c"},
      {"{route}", "orders"},
      {"{upstream}", "orders-v2"},
      {"{status}", "201"},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(expand(text, request), wanted) << text;
  EXPECT_EQ(expand("a-{method}-{host}-b", request), "a-GET-shop.example.com-b");
}

TEST(Template, gives_nothing_for_a_variable_without_a_value) {
  Request request;
  EXPECT_EQ(expand("[{query.x}{header.x-none}{cookie.c}{consumer}{trace_id}]", request), "[]");
  EXPECT_EQ(expand("{consumer}", request), "");
}

TEST(Template, reads_doubled_braces_as_literal_ones) {
  Request request;
  EXPECT_EQ(expand("{{path}} is {path}", request), "{path} is /");
  EXPECT_EQ(expand("{{}}", request), "{}");
  const auto constant = Template::parse("{{}}");
  EXPECT_TRUE(constant->is_constant());
  EXPECT_EQ(constant->text(), "{{}}");
}

struct Field {
  Template value;
  static const conf::ObjectSpec& spec() {
    static const auto spec = conf::object<Field>("Field", "One.").field("value", &Field::value, "It.");
    return spec;
  }
};

TEST(Template, takes_braces_from_outside_the_file_as_literal_ones) {
  conf::Surroundings surroundings;
  surroundings.environment = [](std::string_view) { return std::string("{path} }{ {{"); };
  conf::Problems problems;
  const auto root = conf::read_text("value: '{path} ${TOKEN} {{}}'", "c.yaml", problems, surroundings);
  Field field;
  conf::bind(root, field, problems, {});
  ASSERT_TRUE(problems.empty()) << problems.text();
  Request request;
  EXPECT_EQ(field.value.expand(*request, request->arena(), Template::Use::field), "/ {path} }{ {{ {}");
}

TEST(Template, names_the_nearest_variable_for_one_that_is_not_known) {
  EXPECT_EQ(fault("{client.pi}"), "there is no variable {client.pi}; did you mean {client.ip}?");
  EXPECT_EQ(fault("{headers.x-a}"), "there is no variable {headers.x-a}; did you mean {header.x-a}?");
  EXPECT_NE(fault("{zzzzzzzzzz}").find("there are client.ip, "), std::string::npos);
  EXPECT_NE(fault("{header.}"), "");
  EXPECT_NE(fault("{header.a b}"), "");
  EXPECT_NE(fault("{}"), "");
}

TEST(Template, refuses_braces_that_do_not_pair) {
  EXPECT_EQ(fault("/a/{path"), "a { without its }; a literal one is written {{");
  EXPECT_EQ(fault("/a}"), "a } without its {; a literal one is written }}");
}

TEST(Template, refuses_more_parts_than_it_has_room_for) {
  std::string many;
  for (int i = 0; i < 65; ++i) many += "{path}";
  EXPECT_EQ(fault(many), "more than 64 parts");
}

TEST(Template, never_lets_a_line_end_into_a_field) {
  Request request("example.com", "/");
  request->consumer = std::string_view("a\r\nSet-Cookie: x\0y\x7f\tz", 21);
  EXPECT_EQ(expand("{consumer}", request), "a  Set-Cookie: x y \tz");
}

TEST(Template, percent_encodes_values_for_a_uri_as_their_place_needs) {
  Request request("example.com", "/a%20b/c%2Fd?next=//evil%2Ex/%0D%0A&plus=a+b&raw=\"<>",
                  {{"X-Tag", "a/b?c#d %41\\"}, {"Cookie", "c=../x"}});
  EXPECT_EQ(expand("{path}", request, uri), "/a%20b/c%2Fd");
  EXPECT_EQ(expand("{query.next}", request, uri), "%2F%2Fevil%2Ex%2F%0D%0A");
  EXPECT_EQ(expand("{query.plus}", request, uri), "a%20b");
  EXPECT_EQ(expand("{query}", request, uri), "next=//evil%2Ex/%0D%0A&plus=a+b&raw=%22%3C%3E");
  EXPECT_EQ(expand("{header.x-tag}", request, uri), "a%2Fb%3Fc%23d%20%2541%5C");
  EXPECT_EQ(expand("/{cookie.c}", request, uri), "/..%2Fx");
  request->request.host = "[::1]";
  EXPECT_EQ(expand("https://{host}/", request, uri), "https://[::1]/");
}

TEST(Template, keeps_only_whole_escapes) {
  Request request;
  request->request.query = "a=100%&b=%zz&c=%4";
  EXPECT_EQ(expand("{query.a} {query.b} {query.c}", request, uri), "100%25 %25zz %254");
}

TEST(Template, a_constant_is_its_own_text_without_work) {
  Request request;
  const auto constant = *Template::parse("no variables");
  const auto first = constant.expand(*request, request->arena());
  EXPECT_EQ(first.data(), constant.expand(*request, request->arena()).data());
  EXPECT_EQ(first, "no variables");
}

TEST(Template, knows_whether_it_needs_the_response) {
  EXPECT_TRUE(Template::parse("{status}")->needs_response());
  EXPECT_FALSE(Template::parse("{path}")->needs_response());
}

TEST(Template, expands_without_the_heap) {
  Request request("example.com", "/a/b?x=1", {{"X-Tag", "t1"}});
  const auto text = *Template::parse("{client.port}-{path}-{query.x}-{header.x-tag}-{method}");
  const auto before = test::allocations();
  const auto value = text.expand(*request, request->arena(), uri);
  EXPECT_EQ(test::allocations() - before, 0U);
  EXPECT_EQ(value, "0-/a/b-1-t1-GET");
}

}  // namespace
}  // namespace sluice
