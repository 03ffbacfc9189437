#include "upstream/dns/message.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::upstream::dns {
namespace {

using namespace std::chrono_literals;

/// Writes a message byte by byte, so that tests can make every mistake.
struct Draft {
  std::string bytes;

  Draft& u8(unsigned n) {
    bytes += static_cast<char>(n);
    return *this;
  }
  Draft& u16(unsigned n) { return u8(n >> 8 & 0xff).u8(n & 0xff); }
  Draft& u32(std::uint32_t n) { return u16(n >> 16).u16(n & 0xffff); }
  Draft& name(std::string_view text) {
    while (!text.empty()) {
      const auto label = text.substr(0, text.find('.'));
      u8(static_cast<unsigned>(label.size()));
      bytes += label;
      text.remove_prefix(std::min(label.size() + 1, text.size()));
    }
    return u8(0);
  }
  Draft& head(unsigned answers, unsigned authorities = 0, unsigned flags = 0x8180) {
    return u16(0x1234).u16(flags).u16(1).u16(answers).u16(authorities).u16(0);
  }
  Draft& question(std::string_view text, Type type) {
    return name(text).u16(static_cast<unsigned>(type)).u16(1);
  }
  Draft& record(std::string_view owner, Type type, std::uint32_t ttl, const std::string& data) {
    name(owner).u16(static_cast<unsigned>(type)).u16(1).u32(ttl).u16(static_cast<unsigned>(data.size()));
    bytes += data;
    return *this;
  }

  Result<Reply> read(const Question& question) const {
    return read_reply({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, question);
  }
};

const Question app{"app.test", Type::a};

std::string ipv4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return Draft().u8(a).u8(b).u8(c).u8(d).bytes;
}
std::string named(std::string_view text) { return Draft().name(text).bytes; }
std::string service(unsigned priority, unsigned weight, unsigned port, std::string_view target) {
  return Draft().u16(priority).u16(weight).u16(port).name(target).bytes;
}
std::string soa(std::uint32_t minimum) {
  return Draft().name("ns.test").name("admin.test").u32(1).u32(2).u32(3).u32(4).u32(minimum).bytes;
}
net::Address host(std::string_view text) { return *net::Address::parse(std::string(text) + ":0"); }

TEST(DnsMessage, gives_the_addresses_in_order_with_the_least_ttl) {
  Draft draft;
  draft.head(3).question("app.test", Type::a);
  draft.record("app.test", Type::a, 60, ipv4(10, 0, 0, 2)).record("app.test", Type::a, 20, ipv4(10, 0, 0, 1));
  draft.record("app.test", Type::a, 60, ipv4(10, 0, 0, 2));
  const auto reply = draft.read(app);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->addresses, (std::vector{host("10.0.0.2"), host("10.0.0.1")}));
  EXPECT_EQ(reply->ttl, 20s);
}

TEST(DnsMessage, does_not_mind_case) {
  Draft draft;
  draft.head(1).question("aPP.teST", Type::a).record("App.Test", Type::a, 60, ipv4(10, 0, 0, 1));
  const auto reply = draft.read({"app.TEST", Type::a});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->addresses.size(), 1U);
}

TEST(DnsMessage, follows_aliases_and_counts_their_ttl) {
  Draft draft;
  draft.head(3).question("app.test", Type::a);
  draft.record("end.test", Type::a, 60, ipv4(10, 0, 0, 1));
  draft.record("middle.test", Type::cname, 5, named("end.test"));
  draft.record("app.test", Type::cname, 30, named("middle.test"));
  const auto reply = draft.read(app);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->addresses, std::vector{host("10.0.0.1")});
  EXPECT_EQ(reply->ttl, 5s);
}

TEST(DnsMessage, takes_aliases_that_lead_in_a_circle_for_malformed) {
  Draft draft;
  draft.head(2).question("app.test", Type::a);
  draft.record("app.test", Type::cname, 5, named("b.test"))
      .record("b.test", Type::cname, 5, named("app.test"));
  ASSERT_FALSE(draft.read(app));
  EXPECT_EQ(draft.read(app).error().fault, Fault::malformed);
}

TEST(DnsMessage, passes_over_records_of_other_names_types_and_classes) {
  Draft draft;
  draft.head(3).question("app.test", Type::a);
  draft.record("evil.test", Type::a, 60, ipv4(10, 6, 6, 6));
  draft.record("app.test", Type::aaaa, 60, std::string(16, '\1'));
  draft.name("app.test").u16(1).u16(3).u32(60).u16(4).bytes += ipv4(10, 6, 6, 7);
  const auto reply = draft.read(app);
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->empty());
  EXPECT_FALSE(reply->ttl);
}

TEST(DnsMessage, passes_over_addresses_that_nobody_can_be_at) {
  Draft draft;
  draft.head(5).question("app.test", Type::a);
  draft.record("app.test", Type::a, 60, ipv4(0, 0, 0, 0)).record("app.test", Type::a, 60, ipv4(224, 0, 0, 1));
  draft.record("app.test", Type::a, 60, ipv4(255, 255, 255, 255));
  draft.record("app.test", Type::a, 60, "abc").record("app.test", Type::a, 60, ipv4(10, 0, 0, 1));
  const auto reply = draft.read(app);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->addresses, std::vector{host("10.0.0.1")});
}

TEST(DnsMessage, takes_a_ttl_of_more_than_31_bits_for_none) {
  Draft draft;
  draft.head(1).question("app.test", Type::a).record("app.test", Type::a, 0x80000000, ipv4(10, 0, 0, 1));
  EXPECT_EQ(draft.read(app)->ttl, 0s);
}

TEST(DnsMessage, has_the_negative_ttl_of_the_soa) {
  for (const unsigned flags : {0x8183U, 0x8180U}) {
    Draft draft;
    draft.head(0, 1, flags).question("app.test", Type::a).record("test", Type::soa, 300, soa(40));
    const auto reply = draft.read(app);
    ASSERT_TRUE(reply);
    EXPECT_TRUE(reply->empty());
    EXPECT_EQ(reply->ttl, 40s) << "the least of the two";
  }
}

TEST(DnsMessage, reads_services) {
  Draft draft;
  draft.head(4).question("_http._tcp.app.test", Type::srv);
  draft.record("_http._tcp.app.test", Type::srv, 60, service(10, 5, 8080, "a.test"));
  draft.record("_http._tcp.app.test", Type::srv, 30, service(20, 0, 8081, "b.test"));
  draft.record("_http._tcp.app.test", Type::srv, 5, service(0, 0, 0, ""));
  draft.record("_http._tcp.app.test", Type::srv, 5, service(0, 0, 80, "a/b.test"));
  const auto reply = draft.read({"_http._tcp.app.test", Type::srv});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->services, (std::vector<Service>{{"a.test", 8080, 10, 5}, {"b.test", 8081, 20, 0}}));
  EXPECT_EQ(reply->ttl, 30s);
}

TEST(DnsMessage, refuses_what_is_no_answer_to_the_question) {
  const auto fault = [](const Draft& draft) {
    const auto reply = draft.read(app);
    return reply ? Fault::none : reply.error().fault;
  };
  Draft other_name, other_type, question_back, truncated, failure;
  other_name.head(0).question("other.test", Type::a);
  other_type.head(0).question("app.test", Type::aaaa);
  question_back.head(0, 0, 0x0100).question("app.test", Type::a);
  truncated.head(0, 0, 0x8380).question("app.test", Type::a);
  failure.head(0, 0, 0x8182).question("app.test", Type::a);
  EXPECT_EQ(fault(other_name), Fault::malformed);
  EXPECT_EQ(fault(other_type), Fault::malformed);
  EXPECT_EQ(fault(question_back), Fault::malformed);
  EXPECT_EQ(fault(truncated), Fault::malformed);
  EXPECT_EQ(fault(failure), Fault::other);
  EXPECT_EQ(fault(Draft()), Fault::malformed);
}

TEST(DnsMessage, ends_names_that_lead_to_themselves_or_forward) {
  for (const unsigned target : {0x0cU, 0x1aU, 0x3fffU}) {
    Draft draft;
    draft.head(1).question("app.test", Type::a);
    ASSERT_EQ(draft.bytes.size(), 0x1aU);
    draft.u16(0xc000 | target).u16(1).u16(1).u32(60).u16(4).bytes += ipv4(10, 0, 0, 1);
    EXPECT_EQ(draft.read(app).has_value(), target == 0x0c);
  }
}

TEST(DnsMessage, cut_anywhere_is_malformed_or_says_less) {
  Draft draft;
  draft.head(2, 1).question("app.test", Type::a);
  draft.record("app.test", Type::cname, 30, named("b.test")).record("b.test", Type::a, 60, ipv4(10, 0, 0, 1));
  draft.record("test", Type::soa, 300, soa(40));
  for (std::size_t size = 0; size < draft.bytes.size(); ++size) {
    const Draft cut{draft.bytes.substr(0, size)};
    EXPECT_FALSE(cut.read(app)) << size;
  }
  EXPECT_TRUE(draft.read(app));
}

TEST(DnsNames, have_labels_of_1_to_63_bytes_and_253_in_all) {
  const std::string label(63, 'a');
  EXPECT_TRUE(is_name(label + ".b"));
  EXPECT_FALSE(is_name(label + "a.b"));
  EXPECT_FALSE(is_name(""));
  EXPECT_FALSE(is_name("a..b"));
  EXPECT_TRUE(is_name(label + "." + label + "." + label + "." + std::string(61, 'a')));
  EXPECT_FALSE(is_name(label + "." + label + "." + label + "." + std::string(62, 'a')));
}

}  // namespace
}  // namespace sluice::upstream::dns
