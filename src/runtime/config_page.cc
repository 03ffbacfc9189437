#include "runtime/config_page.h"

#include <nlohmann/json.hpp>

#include "conf/schema.h"
#include "runtime/config.h"

namespace sluice::runtime {
namespace {

constexpr std::string_view kSchemaId = "urn:sluice:schema:configuration";

constexpr std::string_view kPreface = R"(# Configuration reference

One YAML file, or [several](includes.md). This page is generated from the same field lists that the parser and the JSON Schema
(`sluice schema`, [config/schema/sluice.json](../config/schema/sluice.json)) come from: `sluice reference`.

Durations are `250ms`, `5s`, `10m`, `1h`, `7d`; sizes `64KiB`, `1MiB`; rates `100/s`, `6000/m`. A list
of one may be written as that one thing. `${NAME}` and `${NAME:-default}` read the environment,
`${file:path}` reads a file; what they stand for is never shown. Unknown and duplicate keys are errors.

)";

}  // namespace

std::string schema_text() {
  return conf::schema(Config::spec(), "sluice configuration", kSchemaId, catalog()).dump(2);
}

std::string config_page() { return std::string(kPreface) + conf::markdown(Config::spec(), catalog()); }

}  // namespace sluice::runtime
