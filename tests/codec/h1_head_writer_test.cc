#include "codec/h1/head_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "codec/h1/head_parser.h"

namespace sluice::codec::h1 {
namespace {

template <class Line>
std::string written(const Line& line, const http::HeaderBlock& fields,
                    std::span<const ExtraField> extra = {}) {
  std::string text(head_size(line, fields, extra), '?');
  EXPECT_EQ(write_head(text, line, fields, extra), text.size());
  return text;
}

TEST(HeadWriter, writes_a_request) {
  http::HeaderBlock fields;
  fields.add("Host", "a");
  fields.add("x-Y", "z");
  const std::array<ExtraField, 2> extra = {{{"Via", "1.1 sluice"}, {"X-Empty", ""}}};
  EXPECT_EQ(written(RequestHeadOut{"GET", "/a", "b=c", true}, fields, extra),
            "GET /a?b=c HTTP/1.1\r\nHost: a\r\nx-Y: z\r\nVia: 1.1 sluice\r\nX-Empty: \r\n\r\n");
  EXPECT_EQ(written(RequestHeadOut{"OPTIONS", "*"}, http::HeaderBlock{}), "OPTIONS * HTTP/1.1\r\n\r\n");
  EXPECT_EQ(written(RequestHeadOut{"GET", "/", "", true}, http::HeaderBlock{}), "GET /? HTTP/1.1\r\n\r\n");
}

TEST(HeadWriter, writes_a_response) {
  http::HeaderBlock fields;
  fields.add("Content-Length", "0");
  EXPECT_EQ(written(ResponseHeadOut{200}, fields), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(written(ResponseHeadOut{503}, fields),
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(written(ResponseHeadOut{299}, fields), "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(written(ResponseHeadOut{200, "Fine"}, fields), "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n");
}

TEST(HeadWriter, writes_nothing_where_it_does_not_fit) {
  http::HeaderBlock fields;
  fields.add("Host", "a");
  const RequestHeadOut line{"GET", "/"};
  std::string text(head_size(line, fields) - 1, '?');
  EXPECT_EQ(write_head(text, line, fields), 0u);
  EXPECT_EQ(text.find_first_not_of('?'), std::string::npos);
}

TEST(HeadWriter, writes_what_is_left_of_a_parsed_head) {
  const std::string bytes =
      "GET / HTTP/1.1\r\nA: 1\r\nB:2\r\nC: 3\r\nD: 4 \r\nE: 5\r\nF: 6\r\nG:\r\nH: 8\r\n\r\n";
  http::HeaderBlock fields;
  ASSERT_EQ(parse_request_head(bytes, {}, fields).status, ParseStatus::complete);
  fields.remove("E");
  fields.set("F", "a longer one");
  fields.add("I", "9");
  EXPECT_EQ(
      written(RequestHeadOut{"GET", "/"}, fields),
      "GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nF: a longer one\r\nG: \r\nH: 8\r\nI: 9\r\n\r\n");
}

}  // namespace
}  // namespace sluice::codec::h1
