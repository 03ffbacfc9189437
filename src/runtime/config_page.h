// What is generated from the field lists: the JSON Schema and docs/configuration.md.
#pragma once

#include <string>

namespace sluice::runtime {

std::string schema_text();
std::string config_page();

}  // namespace sluice::runtime
