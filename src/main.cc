// The command line: exit 0 when all is well, 1 when what was asked for failed, 2 when it was asked wrongly.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "conf/problem.h"
#include "net/tls/memory.h"
#include "runtime/commands.h"
#include "runtime/healthcheck.h"
#include "runtime/standard_streams.h"

namespace {

using namespace sluice;

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

constexpr const char* kExamples = R"(Examples:
  sluice demo                     try it, without a configuration
  sluice check -c gateway.yaml    say what is wrong with a file
  sluice run -c gateway.yaml      serve with it
  sluice run --help               the options of a command

Exit: 0 all is well, 1 it failed, 2 the command line is wrong.)";

constexpr const char* kRunExamples = R"(Examples:
  sluice run                      with config/sluice.yaml
  sluice run -c gateway.yaml      with another file

SIGTERM and SIGINT drain and end it, SIGHUP reads the configuration again, SIGUSR1 opens the access log anew.)";

constexpr const char* kCheckExamples = R"(Examples:
  sluice check -c gateway.yaml            a line for each problem; exit 0 or 1
  sluice check --json -c gateway.yaml     the same for programs)";

constexpr const char* kDiffExamples = R"(Examples:
  sluice diff old.yaml new.yaml           a line for each part: + added, ~ changed, - removed
  sluice diff --json old.yaml new.yaml    the same for programs

What is not named keeps its connections, its health and its state in a reload.)";

constexpr const char* kHealthcheckExamples = R"(Examples:
  sluice healthcheck -c gateway.yaml             by the admin listener of that file, within 2 s
  sluice healthcheck -c gateway.yaml --ready

Needs no shell: HEALTHCHECK CMD ["sluice", "healthcheck", "-c", "/etc/sluice/sluice.yaml"].)";

constexpr const char* kSchemaExamples = R"(Example:
  sluice schema > sluice.json     for editors: # yaml-language-server: $schema=sluice.json)";

constexpr const char* kDemoExamples = R"(Examples:
  sluice demo
  sluice demo --port 8081 --tls-port 8444 --admin-port 9902     where others have the ports)";

bool is_option(const std::string& word) { return word.starts_with('-'); }

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* known : command.get_options()) names.push_back(known->get_name());
  return names;
}

class CommandLine {
 public:
  CommandLine();
  /// The exit code.
  int run(int argc, const char* const* argv);

 private:
  CLI::App& command(const std::string& name, const std::string& what, std::function<int()> act);
  void add_file(CLI::App& command);
  void add_port(const std::string& option, std::uint16_t& port, const std::string& what);
  const CLI::App& chosen() const;
  int misused(const std::string& message) const;
  int demo() const;
  int unexpected(const std::vector<std::string>& words) const;
  int unexpected_in_front(const std::string& word) const;
  int no_such(const char* what, const std::string& word, const std::vector<std::string>& names) const;
  int wrong_count(const std::string& option) const;
  std::vector<std::string> command_names() const;

  CLI::App app_{"sluice: API gateway and reverse proxy. One binary, one YAML file.", "sluice"};
  std::vector<std::pair<CLI::App*, std::function<int()>>> commands_;
  std::string file_ = "config/sluice.yaml";
  std::vector<std::string> files_;
  bool json_ = false;
  bool ready_ = false;
  runtime::Demo::Ports ports_;
};

CommandLine::CommandLine() {
  app_.require_subcommand(1);
  app_.allow_extras();
  app_.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app_.footer(kExamples);
  app_.set_version_flag(
      "--version", [] { return "sluice " SLUICE_VERSION; }, "Print the version and exit");

  auto& run = command("run", "Serve with a configuration file until SIGTERM or SIGINT",
                      [this] { return runtime::run(file_); });
  run.footer(kRunExamples);
  add_file(run);

  auto& check = command("check", "Say what is wrong with a configuration, all of it",
                        [this] { return runtime::check(file_, json_); });
  check.footer(kCheckExamples);
  add_file(check);
  check.add_flag("--json", json_, "Print the problems as JSON");

  auto& diff = command("diff", "Say what a reload from one configuration to another would change",
                       [this] { return runtime::diff(files_.at(0), files_.at(1), json_); });
  diff.footer(kDiffExamples);
  diff.add_option("files", files_, "The two configuration files, the one in force first")
      ->expected(2)
      ->required()
      ->type_name("OLD NEW");
  diff.add_flag("--json", json_, "Print the changes as JSON");

  auto& health = command("healthcheck", "Ask a running gateway whether it is alive; exit 0 or 1", [this] {
    return runtime::healthcheck({.file = file_, .page = ready_ ? "/readyz" : "/healthz"});
  });
  health.footer(kHealthcheckExamples);
  add_file(health);
  health.add_flag("--ready", ready_, "Ask whether it takes requests: not while it drains");

  command("schema", "Print the JSON Schema of the configuration", &runtime::schema).footer(kSchemaExamples);
  command("reference", "Print the configuration reference (Markdown)", &runtime::reference);

  auto& demo =
      command("demo", "Serve in front of three small origins of its own", [this] { return this->demo(); });
  demo.footer(kDemoExamples);
  add_port("--port", ports_.gateway, "Port of the gateway on 127.0.0.1");
  add_port("--tls-port", ports_.tls, "Port of the gateway under TLS");
  add_port("--admin-port", ports_.admin, "Port of the admin listener");

  command("version", "Print the version", &runtime::version);
  command("help", "Print this help", [this] {
    // app_.help() would be that of this command.
    fmt::print("{}\n", app_.get_formatter()->make_help(&app_, app_.get_name(), CLI::AppFormatMode::Normal));
    return 0;
  });
}

CLI::App& CommandLine::command(const std::string& name, const std::string& what, std::function<int()> act) {
  auto* added = app_.add_subcommand(name, what);
  added->group("Commands");
  added->allow_extras();
  added->footer("");
  commands_.emplace_back(added, std::move(act));
  return *added;
}

void CommandLine::add_file(CLI::App& command) {
  const auto is_named = [](std::string& file) -> std::string {
    return file.empty() ? "wanted a file, found ''" : "";
  };
  command.add_option("-c,--config", file_, "The configuration file")
      ->check(CLI::Validator(is_named, ""))
      ->type_name("FILE")
      ->capture_default_str();
}

// Of the command that was added last.
void CommandLine::add_port(const std::string& option, std::uint16_t& port, const std::string& what) {
  const auto is_port = [](std::string& text) -> std::string {
    const bool fits = !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == text.npos;
    return fits && std::stoi(text) <= 65535 ? "" : "wanted a port from 0 to 65535, found '" + text + "'";
  };
  commands_.back()
      .first->add_option(option, port, what)
      ->check(CLI::Validator(is_port, ""))
      ->type_name("PORT")
      ->capture_default_str();
}

int CommandLine::run(int argc, const char* const* argv) try {
  app_.parse(argc, argv);
  if (const auto words = app_.remaining(true); !words.empty()) return unexpected(words);
  for (const auto& [command, act] : commands_) {
    if (command->parsed()) return act();
  }
  return 0;
} catch (const CLI::CallForHelp&) {
  fmt::print("{}\n", app_.help());
  return 0;
} catch (const CLI::CallForVersion& version) {
  fmt::print("{}\n", version.what());
  return 0;
} catch (const CLI::RequiredError&) {
  if (const auto words = app_.remaining(); !words.empty()) return unexpected(words);
  runtime::print_error(app_.help() + "\n");
  return kWrongUsage;
} catch (const CLI::ArgumentMismatch& error) {
  const std::string text = error.what();
  return wrong_count(text.substr(0, text.find(':')));
} catch (const CLI::ParseError& error) {
  return misused(error.what());
}

const CLI::App& CommandLine::chosen() const {
  const auto chosen = app_.get_subcommands();
  return chosen.empty() ? app_ : *chosen.front();
}

int CommandLine::misused(const std::string& message) const {
  const auto name = &chosen() == &app_ ? "sluice" : "sluice " + chosen().get_name();
  runtime::print_error(fmt::format("{}: {}\nSee `{} --help`.\n", name, message, name));
  return kWrongUsage;
}

int CommandLine::demo() const {
  const std::pair<const char*, std::uint16_t> ports[] = {
      {"--port", ports_.gateway}, {"--tls-port", ports_.tls}, {"--admin-port", ports_.admin}};
  for (const auto& one : ports) {
    for (const auto* other = &one + 1; other != std::end(ports); ++other) {
      if (one.second != 0 && one.second == other->second)
        return misused(
            fmt::format("{} and {} are both {}; each wants its own", one.first, other->first, one.second));
    }
  }
  return runtime::demo(ports_);
}

// `words` are not empty.
int CommandLine::unexpected(const std::vector<std::string>& words) const {
  if (const auto in_front = app_.remaining(); !in_front.empty()) return unexpected_in_front(in_front.front());
  const auto option = std::find_if(words.begin(), words.end(), is_option);
  if (option != words.end()) return no_such("option", *option, option_names(chosen()));
  if (chosen().get_option_no_throw("--config")) {
    return misused(fmt::format("'{0}' is one word too many; a file is named with -c {0}", words.front()));
  }
  return misused(fmt::format("'{}' is one word too many; leave it out", words.front()));
}

// Of a command, or where there is none.
int CommandLine::unexpected_in_front(const std::string& word) const {
  if (!is_option(word)) return no_such("command", word, command_names());
  for (const auto& [command, act] : commands_) {
    const bool is_meant = &chosen() == &app_ || &chosen() == command;
    if (is_meant && command->get_option_no_throw(word))
      return misused(fmt::format("{0} goes behind the command: sluice {1} {0}", word, command->get_name()));
  }
  return no_such("option", word, option_names(app_));
}

int CommandLine::no_such(const char* what, const std::string& word,
                         const std::vector<std::string>& names) const {
  return misused(
      fmt::format("there is no {} '{}'; {}", what, word, conf::suggest(word, {names.begin(), names.end()})));
}

std::vector<std::string> CommandLine::command_names() const {
  std::vector<std::string> names;
  for (const auto& known : commands_) names.push_back(known.first->get_name());
  return names;
}

int CommandLine::wrong_count(const std::string& option) const {
  const auto* known = chosen().get_option(option);
  if (known->count() > 1) return misused(fmt::format("{} is given {} times", option, known->count()));
  return misused(fmt::format("{0} wants a value: {0} {1}", option, known->get_type_name()));
}

int fail(const std::string& line) {
  runtime::print_error(fmt::format("sluice: {}\n", line));
  return kFailed;
}

// What was printed has arrived, or the exit code says that it has not.
int flushed(int code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  return fail(errno == 0 ? "cannot write to stdout"
                         : fmt::format("cannot write to stdout: {}", std::strerror(errno)));
}

}  // namespace

int main(int argc, char** argv) try {
  net::tls::recycle_memory();
  runtime::occupy_standard_streams();
  CommandLine line;
  return flushed(line.run(argc, argv));
} catch (const std::system_error& error) {
  return fail(std::ferror(stdout) != 0 ? "cannot write to stdout: " + error.code().message() : error.what());
} catch (const std::exception& error) {
  return fail(error.what());
}
