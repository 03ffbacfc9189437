#include "http/hop_by_hop.h"

#include <gtest/gtest.h>

#include <string>

#include "http/comma_list.h"

namespace sluice::http {
namespace {

std::string left(const HeaderBlock& block) {
  std::string names;
  for (const HeaderBlock::Field& field : block) names += std::string(field.name) + " ";
  return names;
}

TEST(HopByHop, fields_go_whoever_names_them) {  // RFC 9110 7.6.1
  HeaderBlock block;
  for (const char* name : {"Host", "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Transfer-Encoding",
                           "Upgrade", "HTTP2-Settings", "Trailer", "X"}) {
    block.add(name, "v");
  }
  EXPECT_FALSE(remove_hop_by_hop(block, Direction::request).te_trailers);
  EXPECT_EQ(left(block), "Host Trailer X ");
}

TEST(HopByHop, fields_that_connection_nominates_go) {
  HeaderBlock block;
  block.add("Connection", "close, X-One , x-two,,");
  block.add("Connection", "ETag");
  block.add("X-One", "1");
  block.add("X-Two", "2");
  block.add("x-one", "3");
  block.add("ETag", "4");
  block.add("X-Three", "5");
  remove_hop_by_hop(block, Direction::response);
  EXPECT_EQ(left(block), "X-Three ");
}

TEST(HopByHop, nominations_of_fields_that_route_frame_or_authenticate_are_ignored) {
  HeaderBlock block;
  block.add("Connection",
            "Host, Content-Length, Expect, Authorization, Cookie, Origin, X-Forwarded-For, Forwarded, Via, "
            "X-Request-Id, "
            "Cache-Control, Content-Type, Range, Set-Cookie");
  for (const char* name :
       {"Host", "Content-Length", "Expect", "Authorization", "Cookie", "Origin", "X-Forwarded-For",
        "Forwarded", "Via", "X-Request-Id", "Cache-Control", "Content-Type", "Range", "Set-Cookie"}) {
    block.add(name, "v");
  }
  remove_hop_by_hop(block, Direction::request);
  EXPECT_EQ(
      left(block),
      "Host Content-Length Expect Authorization Cookie Origin X-Forwarded-For Forwarded Via X-Request-Id ");
}

TEST(HopByHop, trailers_that_connection_nominates_go) {  // RFC 9110 7.6.1
  HeaderBlock head;
  head.add("Connection", "close, keep-alive, Te, X-One");
  head.add("Connection", "x-two");
  std::string list;
  note_nominated_trailers(head, list);
  EXPECT_EQ(list, "X-One,x-two,");
  HeaderBlock trailers;
  for (const char* name : {"x-one", "X-Two", "X-Three", "close"}) trailers.add(name, "v");
  remove_nominated(trailers, list);
  EXPECT_EQ(left(trailers), "X-Three close ");
}

TEST(HopByHop, fields_that_imitate_what_the_gateway_asserts_go) {
  HeaderBlock block;
  for (const char* name :
       {"Content_Length", "transfer_encoding", "X_Forwarded-For", "x_real_ip", "X_Request_Id", "X_A"}) {
    block.add(name, "v");
  }
  remove_hop_by_hop(block, Direction::request);
  EXPECT_EQ(left(block), "X_A ");
}

TEST(HopByHop, tells_whether_the_client_takes_trailers) {  // RFC 9110 10.1.4
  HeaderBlock block;
  block.add("TE", "gzip;q=0.5, Trailers");
  block.add("Connection", "TE");
  EXPECT_TRUE(remove_hop_by_hop(block, Direction::request).te_trailers);
  EXPECT_TRUE(block.empty());
}

TEST(CommaList, is_walked_item_by_item) {  // RFC 9110 5.6.1
  std::string seen;
  for_each_item(" a ,, \"b, \\\" c\" ,\td=\"e,f\"",
                [&](std::string_view item) { seen += std::string(item) + "|"; });
  EXPECT_EQ(seen, "a|\"b, \\\" c\"|d=\"e,f\"|");
  std::string_view unterminated = "\"a,\\";
  EXPECT_EQ(take_list_item(unterminated), "\"a,\\");
  EXPECT_TRUE(unterminated.empty());
}

}  // namespace
}  // namespace sluice::http
