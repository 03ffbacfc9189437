#include "options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>

namespace sluice::bench {
namespace {

void split_address(const std::string& text, Options& options) {
  const auto colon = text.rfind(':');
  if (colon != std::string::npos) options.proxy_host = text.substr(0, colon);
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  const long number = std::strtol(port.c_str(), nullptr, 10);
  if (number < 1 || number > 65535) throw CLI::ValidationError("--proxy", "wants ADDRESS:PORT, got " + text);
  options.proxy_port = static_cast<std::uint16_t>(number);
}

void add_load_options(CLI::App& app, Options& options) {
  static const std::map<std::string, Mode> modes{
      {"keep-alive", Mode::keep_alive}, {"new-connection", Mode::new_connection}, {"idle", Mode::idle}};
  static const std::map<std::string, Encryption> encryptions{
      {"none", Encryption::none}, {"full", Encryption::full}, {"resumed", Encryption::resumed}};
  app.add_option("--connections", options.connections, "Client connections")->check(CLI::Range(1, 60000));
  app.add_option("--seconds", options.seconds, "Length of the measured span; for idle, of the hold");
  app.add_option("--warm-up", options.warm_up, "Seconds of load before the measured span");
  app.add_option("--rate", options.rate, "Requests a second, at random moments; 0 is a closed loop");
  app.add_option("--path", options.path, "What is asked for: /SIZE or /cacheable/SIZE, as in /1k, /16k, /1m");
  app.add_option("--mode", options.mode, "keep-alive, new-connection or idle")
      ->transform(CLI::CheckedTransformer(modes));
  app.add_option("--tls", options.tls, "TLS towards the proxy, by its handshakes: none, full or resumed")
      ->transform(CLI::CheckedTransformer(encryptions));
  app.add_option("--timeout", options.timeout, "Seconds a request may take");
  app.add_option("--sources", options.sources, "Loopback addresses to connect from")
      ->check(CLI::Range(1, 200));
  app.add_option("--watch", options.watch, "Processes whose CPU time is reported")->delimiter(',');
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  std::string proxy;
  bool origin_only = false;
  CLI::App app{"Load on a proxy, and the origin behind it, in one epoll loop. Prints its result as JSON."};
  app.option_defaults()->always_capture_default();
  app.add_option("--proxy", proxy, "ADDRESS:PORT of the proxy (IPv4)");
  app.add_option("--origin-port", options.origin_port, "Port of 127.0.0.1 to answer on as the origin");
  app.add_flag("--origin-only", origin_only, "Answer as the origin until SIGTERM, send nothing");
  add_load_options(app, options);
  try {
    app.parse(argc, argv);
    if (!proxy.empty() && !origin_only) split_address(proxy, options);
    if (options.proxy_port == 0 && !origin_only) throw CLI::RequiredError("--proxy or --origin-only");
    if (origin_only && options.origin_port == 0) throw CLI::RequiredError("--origin-port");
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return options;
}

}  // namespace sluice::bench
