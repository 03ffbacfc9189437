// The command line.
#include <CLI/CLI.hpp>

#include "runtime/commands.h"

int main(int argc, char** argv) {
  using namespace sluice::runtime;
  CLI::App app("sluice: API gateway and reverse proxy");
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  app.footer("See docs/ for the configuration and README.md for a start.");

  std::string file = "config/sluice.yaml";
  bool json = false;
  Demo::Ports ports;

  auto* run_command = app.add_subcommand("run", "Serve with a configuration file until SIGTERM or SIGINT");
  run_command->add_option("-c,--config", file, "The configuration file")->capture_default_str();

  auto* check_command = app.add_subcommand("check", "Say what is wrong with a configuration; exit 0 or 1");
  check_command->add_option("-c,--config", file, "The configuration file")->capture_default_str();
  check_command->add_flag("--json", json, "Print the problems as JSON");

  auto* schema_command = app.add_subcommand("schema", "Print the JSON Schema of the configuration");
  auto* reference_command = app.add_subcommand("reference", "Print the configuration reference (Markdown)");

  auto* demo_command = app.add_subcommand("demo", "Serve in front of three small origins of its own");
  demo_command->add_option("--port", ports.gateway, "Port of the gateway on 127.0.0.1")->capture_default_str();
  demo_command->add_option("--admin-port", ports.admin, "Port of the admin listener")->capture_default_str();

  auto* version_command = app.add_subcommand("version", "Print the version");
  app.set_version_flag("--version", [] { return "sluice " SLUICE_VERSION; });

  CLI11_PARSE(app, argc, argv);
  if (*run_command) return run(file);
  if (*check_command) return check(file, json);
  if (*schema_command) return schema();
  if (*reference_command) return reference();
  if (*demo_command) return demo(ports);
  if (*version_command) return version();
  return 0;
}
