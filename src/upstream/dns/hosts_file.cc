#include "upstream/dns/hosts_file.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "base/units.h"

namespace sluice::upstream::dns {
namespace {

constexpr Bytes kLargest{1024 * 1024};

// Up to the next blank; takes it out of `line`.
std::string_view next_word(std::string_view& line) {
  constexpr std::string_view blanks = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const auto word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

std::optional<net::Address> parse_host(std::string_view text) {
  const bool ipv6 = text.find(':') != text.npos;
  const auto address = net::Address::parse(ipv6 ? "[" + std::string(text) + "]:0" : std::string(text) + ":0");
  return address && address->is_unix() ? std::nullopt : address;
}

}  // namespace

std::vector<net::Address> HostsFile::find(std::string_view name) {
  const auto version = FileVersion::of(path_);
  if (!(version == version_)) {
    version_ = version;
    read();
  }
  const auto found = hosts_.find(ascii_lower(name));
  return found == hosts_.end() ? std::vector<net::Address>{} : found->second;
}

void HostsFile::read() {
  hosts_.clear();
  const auto text = read_regular_file(path_, kLargest);
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    read_line(line.substr(0, line.find('#')));
  }
}

void HostsFile::read_line(std::string_view line) {
  const auto address = parse_host(next_word(line));
  if (!address) return;
  for (auto name = next_word(line); !name.empty(); name = next_word(line)) {
    auto& addresses = hosts_[ascii_lower(name)];
    if (std::find(addresses.begin(), addresses.end(), *address) == addresses.end())
      addresses.push_back(*address);
  }
}

}  // namespace sluice::upstream::dns
