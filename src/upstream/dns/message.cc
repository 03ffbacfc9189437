#include "upstream/dns/message.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace sluice::upstream::dns {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint16_t kInternet = 1;
constexpr std::size_t kLongestName = 253;
constexpr int kMostAliases = 16;
constexpr Error kMalformed{Fault::malformed, Side::upstream, true};

/// Goes through a message; past its end everything fails.
class Reader {
 public:
  explicit Reader(Bytes message, std::size_t at = 0) : message_(message), at_(at) {}

  bool ok() const noexcept { return ok_; }
  std::size_t at() const noexcept { return at_; }

  Bytes bytes(std::size_t count) {
    if (!ok_ || count > message_.size() - at_) {
      ok_ = false;
      return {};
    }
    at_ += count;
    return message_.subspan(at_ - count, count);
  }
  std::uint32_t number(std::size_t size) {
    std::uint32_t value = 0;
    for (const auto byte : bytes(size)) value = value << 8 | byte;
    return value;
  }
  std::uint16_t number16() { return static_cast<std::uint16_t>(number(2)); }

  /// In lower case, without the dot at the end; empty for the root.
  std::string name() {
    std::string name;
    auto before = at_;  // compression leads to an earlier place only, so that it ends (RFC 1035 4.1.4)
    std::size_t resume = 0;
    for (;;) {
      const auto length = number(1);
      if (!ok_ || length == 0) break;
      if (length >= 0xc0) {
        const auto target = (length & 0x3f) << 8 | number(1);
        if (resume == 0) resume = at_;
        if (!ok_ || target >= before) return fail();
        at_ = before = target;
        continue;
      }
      if (length > 63 || !append_label(bytes(length), name)) return fail();
    }
    if (resume != 0) at_ = resume;
    return name;
  }

 private:
  std::string fail() {
    ok_ = false;
    return {};
  }

  // Dots within a label would make two names look alike.
  bool append_label(Bytes label, std::string& name) {
    if (!name.empty()) name += '.';
    for (const auto byte : label) {
      if (byte <= ' ' || byte >= 0x7f || byte == '.') return false;
      name += ascii_lower(static_cast<char>(byte));
    }
    return ok_ && name.size() <= kLongestName;
  }

  Bytes message_;
  std::size_t at_;
  bool ok_ = true;
};

struct Record {
  std::string owner;
  std::uint16_t type = 0;
  std::uint16_t kind = 0;  // class
  Duration ttl{};
  std::size_t data = 0;  // where it begins, for names in it that lead elsewhere
  std::size_t size = 0;

  bool is(Type wanted, std::string_view name) const {
    return kind == kInternet && type == static_cast<std::uint16_t>(wanted) && owner == name;
  }
};

// A number of 31 bits; what is larger stands for 0 (RFC 2181 8).
Duration read_ttl(std::uint32_t seconds) { return std::chrono::seconds(seconds > 0x7fffffff ? 0 : seconds); }

std::vector<Record> read_records(Reader& reader, std::size_t count) {
  std::vector<Record> records;
  while (count-- > 0 && reader.ok()) {
    Record record;
    record.owner = reader.name();
    record.type = reader.number16();
    record.kind = reader.number16();
    record.ttl = read_ttl(reader.number(4));
    record.size = reader.number16();
    record.data = reader.at();
    reader.bytes(record.size);
    if (reader.ok()) records.push_back(std::move(record));
  }
  return records;
}

/// The sections that matter.
struct Message {
  Bytes bytes;
  std::vector<Record> answers;
  std::vector<Record> authorities;
};

bool asks(Reader& reader, const Question& question) {
  const auto name = reader.name();
  const auto type = reader.number16();
  const auto kind = reader.number16();
  return reader.ok() && name == ascii_lower(question.name) && kind == kInternet &&
         type == static_cast<std::uint16_t>(question.type);
}

Result<Message> read_message(Bytes bytes, const Question& question) {
  Reader reader(bytes);
  reader.number16();  // the id is whoever sent the question's to compare
  const auto flags = reader.number16();
  const auto questions = reader.number16();
  const auto answers = reader.number16();
  const auto authorities = reader.number16();
  reader.number16();
  const bool is_answer = (flags & 0xf800) == 0x8000;
  const bool truncated = (flags & 0x0200) != 0;
  if (!reader.ok() || !is_answer || truncated || questions != 1 || !asks(reader, question)) return kMalformed;
  const auto code = flags & 0xf;
  if (code != 0 && code != 3) return Error{Fault::other, Side::upstream, true};
  Message message{bytes, read_records(reader, answers), {}};
  message.authorities = read_records(reader, authorities);
  if (!reader.ok()) return kMalformed;
  return message;
}

/// Where the aliases of a name lead, and for how long they do.
struct Canonical {
  std::string name;
  std::optional<Duration> ttl;
};

void shorten(std::optional<Duration>& ttl, Duration other) { ttl = std::min(ttl.value_or(other), other); }

Result<Canonical> follow_aliases(const Message& message, const Question& question) {
  Canonical end{ascii_lower(question.name), {}};
  for (int n = 0; n <= kMostAliases; ++n) {
    const auto alias = std::find_if(message.answers.begin(), message.answers.end(),
                                    [&](const Record& record) { return record.is(Type::cname, end.name); });
    if (alias == message.answers.end()) return end;
    Reader reader(message.bytes, alias->data);
    end.name = reader.name();
    if (!reader.ok()) return kMalformed;
    shorten(end.ttl, alias->ttl);
  }
  return kMalformed;
}

net::Address ipv4(Bytes octets) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  std::memcpy(&raw.sin_addr, octets.data(), 4);
  return net::Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), sizeof(raw));
}

net::Address ipv6(Bytes octets) {
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  std::memcpy(&raw.sin6_addr, octets.data(), 16);
  return net::Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), sizeof(raw));
}

// Connecting to an unspecified address reaches this machine.
bool can_be_anyones(Bytes octets) {
  const bool unspecified = std::all_of(octets.begin(), octets.end(), [](auto octet) { return octet == 0; });
  const bool multicast = octets.size() == 4 ? octets[0] >= 224 && octets[0] < 240 : octets[0] == 0xff;
  const bool broadcast = octets.size() == 4 && octets[0] >= 240;  // and what is reserved (RFC 1112 4)
  return !unspecified && !multicast && !broadcast;
}

bool read_address(const Message& message, const Record& record, Reply& reply) {
  const std::size_t size = record.type == static_cast<std::uint16_t>(Type::a) ? 4 : 16;
  if (record.size != size) return false;
  const auto octets = message.bytes.subspan(record.data, size);
  if (!can_be_anyones(octets)) return false;
  const auto address = size == 4 ? ipv4(octets) : ipv6(octets);
  if (std::find(reply.addresses.begin(), reply.addresses.end(), address) != reply.addresses.end())
    return false;
  reply.addresses.push_back(address);
  return true;
}

// Only what may stand in front of a port in an endpoint.
bool is_host(std::string_view name) {
  return is_name(name) && std::all_of(name.begin(), name.end(), [](char c) {
           return is_alpha(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
         });
}

// The root as target says that there is no such service (RFC 2782).
bool read_service(const Message& message, const Record& record, Reply& reply) {
  Reader reader(message.bytes.first(record.data + record.size), record.data);
  Service service;
  service.priority = reader.number16();
  service.weight = reader.number16();
  service.port = reader.number16();
  service.target = reader.name();
  if (!reader.ok() || !is_host(service.target) || service.port == 0) return false;
  reply.services.push_back(std::move(service));
  return true;
}

bool read_record(const Message& message, const Record& record, Reply& reply) {
  const bool service = record.type == static_cast<std::uint16_t>(Type::srv);
  return service ? read_service(message, record, reply) : read_address(message, record, reply);
}

// The least of the SOA's own TTL and of its MINIMUM, the last of its numbers (RFC 2308 5).
std::optional<Duration> negative_ttl(const Message& message) {
  for (const auto& record : message.authorities) {
    if (record.type != static_cast<std::uint16_t>(Type::soa) || record.kind != kInternet) continue;
    Reader reader(message.bytes.first(record.data + record.size), record.data);
    reader.name();
    reader.name();
    reader.bytes(16);
    const auto minimum = read_ttl(reader.number(4));
    if (reader.ok()) return std::min(record.ttl, minimum);
  }
  return {};
}

}  // namespace

Result<Reply> read_reply(std::span<const std::uint8_t> bytes, const Question& question) {
  const auto message = read_message(bytes, question);
  if (!message) return message.error();
  const auto end = follow_aliases(*message, question);
  if (!end) return end.error();
  Reply reply;
  reply.ttl = end->ttl;
  std::size_t count = 0;
  for (const auto& record : message->answers) {
    if (count == most_records || !record.is(question.type, end->name)) continue;
    if (!read_record(*message, record, reply)) continue;
    shorten(reply.ttl, record.ttl);
    ++count;
  }
  if (!reply.empty()) return reply;
  const auto nothing_for = negative_ttl(*message);
  if (!nothing_for) reply.ttl.reset();
  if (nothing_for) shorten(reply.ttl, *nothing_for);
  return reply;
}

bool is_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > kLongestName) return false;
  for (;;) {
    const auto dot = text.find('.');
    const auto label = text.substr(0, dot);
    if (label.empty() || label.size() > 63) return false;
    if (dot == text.npos) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace sluice::upstream::dns
