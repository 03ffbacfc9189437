// Names that the machine's own table knows: /etc/hosts.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "upstream/dns/file_version.h"

namespace sluice::upstream::dns {

/// Read again when the file changes. One thread.
class HostsFile {
 public:
  explicit HostsFile(std::string path) : path_(std::move(path)) {}

  /// Port 0, in the order of the file; empty where it does not know the name.
  std::vector<net::Address> find(std::string_view name);

 private:
  void read();
  void read_line(std::string_view line);

  const std::string path_;
  FileVersion version_;
  std::map<std::string, std::vector<net::Address>> hosts_;  // by name in lower case
};

}  // namespace sluice::upstream::dns
