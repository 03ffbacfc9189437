// yaml-cpp's complaints in words that a reader of the file can act on.
#pragma once

#include "conf/source.h"

namespace YAML {
class Exception;
}

namespace sluice::conf {

/// `open` is where the innermost unfinished list or map began, nowhere if none.
Problem explain(const YAML::Exception& error, const Source& source, Location open);

}  // namespace sluice::conf
