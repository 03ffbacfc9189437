// What the command line can ask for. Each returns the exit code of the process.
#pragma once

#include <string>

#include "runtime/demo.h"

namespace sluice::runtime {

/// Serves until SIGTERM or SIGINT.
int run(const std::string& file);

/// Reports what is wrong with a configuration, all of it, and starts nothing.
int check(const std::string& file, bool json);

/// Says what a reload from one configuration to another would change.
int diff(const std::string& before, const std::string& after, bool json);

/// Prints the JSON Schema of the configuration.
int schema();

/// Prints docs/configuration.md.
int reference();

int demo(const Demo::Ports& ports);

int version();

}  // namespace sluice::runtime
