#include "upstream/endpoint_file.h"

#include <utility>

#include "conf/binder.h"
#include "conf/reader.h"

namespace sluice::upstream {

std::optional<std::vector<EndpointConfig>> read_endpoint_file(const std::string& path,
                                                              conf::Problems& problems) {
  const auto before = problems.size();
  const auto root = conf::read_file(path, problems);
  EndpointListConfig list;
  if (root && root.is_null()) {
    problems.add(root, "the file is empty", "write [] for no endpoints");
  } else if (root) {
    conf::bind(root, list, problems);
  }
  if (problems.size() != before) return std::nullopt;
  return std::move(list.endpoints);
}

}  // namespace sluice::upstream
