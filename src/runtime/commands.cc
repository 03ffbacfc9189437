#include "runtime/commands.h"

#include <cstdio>
#include <functional>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "conf/schema.h"
#include "runtime/config_page.h"
#include "runtime/server.h"
#include "runtime/signals.h"
#include "runtime/standard_streams.h"
#include "runtime/supervisor.h"
#include "runtime/watchdog.h"
#include "telemetry/log.h"

namespace sluice::runtime {
namespace {

std::shared_ptr<const Snapshot> compiled(std::optional<Config> config, conf::Problems& problems) {
  return config ? compile(std::move(*config), problems) : nullptr;
}

int fail(std::string_view line) {
  print_error(fmt::format("sluice: {}\n", line));
  return 1;
}

void announce(const Server& server, const Snapshot& snapshot) {
  std::string where;
  for (const auto& address : server.addresses()) where += (where.empty() ? "" : ", ") + address.to_string();
  auto why = server.backend_reason().empty() ? "" : " (" + server.backend_reason() + ")";
  log::info("listening on {}; {} worker{}, event loop {}{}, {} route{}", where, server.workers(),
            server.workers() == 1 ? "" : "s", net::name(server.backend()), why, snapshot.routes.size(),
            snapshot.routes.size() == 1 ? "" : "s");
  if (const auto needed = server.descriptor_needs().sum(); server.descriptor_limit() < needed) {
    log::warn(
        "the limit of open files is {}, this configuration may need {}: of client connections, at most {} "
        "are "
        "served at a time; raise LimitNOFILE (ulimit -n)",
        server.descriptor_limit(), needed, server.most_clients());
  }
  if (server.admin_address()) log::info("admin on {}", server.admin_address()->to_string());
}

// Serves until a signal ends it, and returns that one.
int serve_until_told(Server& server, const Signals& signals) {
  for (;;) {
    const int signal = signals.next();
    if (signals.ends(signal)) return signal;
    if (signal == SIGUSR1) server.reopen_logs();
    if (signal == SIGHUP) server.reload("SIGHUP");
  }
}

// A second signal while exchanges finish ends the process at once.
void leave_on_second_signal(const Signals& signals) {
  std::thread([signals, second = SecondSignal(std::chrono::steady_clock::now())] {
    while (!signals.ends(signals.next()) || !second.is_meant(std::chrono::steady_clock::now())) {
    }
    log::warn("second signal: leaving at once");
    std::_Exit(1);
  }).detach();
}

int serve(const Signals& signals, std::shared_ptr<const Snapshot> snapshot, Server::Source source,
          const std::function<void(const Server&)>& started) {
  Supervisor supervisor;
  source.busy = [&](bool under_way) { under_way ? supervisor.reloading() : supervisor.ready(); };
  Server server(snapshot, std::move(source));
  announce(server, *snapshot);
  started(server);
  supervisor.ready();
  std::optional<Watchdog> watchdog;
  if (const auto allowed = supervisor.watchdog()) {
    watchdog.emplace(
        *allowed, [&](Duration at_most) { return server.answers_within(at_most); },
        [&] { supervisor.alive(); });
  }
  const int signal = serve_until_told(server, signals);
  supervisor.stopping();
  log::info("SIG{}: draining for at most {}", sigabbrev_np(signal), format(server.drain_time()));
  leave_on_second_signal(signals);
  auto report = server.shutdown();
  if (report.cut != 0) {
    log::warn("drained; {} connection{} cut", report.cut, report.cut == 1 ? " was" : "s were");
  } else {
    log::info("drained; nothing was cut");
  }
  // Tearing down what still runs would be worse than leaving it to the kernel.
  if (report.stuck) std::_Exit(0);
  return 0;
}

}  // namespace

int run(const std::string& file) try {
  end_on_signal_while_starting();  // a large configuration takes seconds to compile
  conf::Problems problems;
  conf::Sources sources;
  auto snapshot = compiled(load_config(file, problems, sources), problems);
  if (!snapshot) {
    print_error(problems.text());
    return fail(fmt::format("{} has {} problem{}; nothing was started", file, problems.size(),
                            problems.size() == 1 ? "" : "s"));
  }
  const auto load = [file](conf::Problems& found, conf::Sources& read) {
    return load_config(file, found, read);
  };
  return serve(Signals(), std::move(snapshot), {.load = load, .read = std::move(sources)},
               [](const Server&) {});
} catch (const StartError& error) {
  return fail(error.what());
} catch (const std::exception& error) {
  return fail(fmt::format("cannot start: {}", error.what()));
}

int check(const std::string& file, bool json) {
  conf::Problems problems;
  auto snapshot = compiled(load_config(file, problems), problems);
  if (json) {
    fmt::print("{}\n", problems.json());
  } else if (snapshot) {
    fmt::print("{}: ok, {} route{}, {} upstream{}\n", file, snapshot->routes.size(),
               snapshot->routes.size() == 1 ? "" : "s", snapshot->upstreams.size(),
               snapshot->upstreams.size() == 1 ? "" : "s");
  } else {
    print_error(problems.text());
  }
  return snapshot ? 0 : 1;
}

int diff(const std::string& before, const std::string& after, bool json) {
  conf::Problems problems;
  const auto old = load_config(before, problems);
  const auto wanted = load_config(after, problems);
  if (!old || !wanted) {
    print_error(problems.text());
    return 1;
  }
  const auto changes = changes_between(parts_of(*old), parts_of(*wanted));
  fmt::print("{}\n", json ? to_json(changes).dump(2) : changes.text());
  return 0;
}

int schema() {
  fmt::print("{}\n", schema_text());
  return 0;
}

int reference() {
  fmt::print("{}", config_page());
  return 0;
}

int demo(const Demo::Ports& ports) try {
  const Signals signals(Signals::Hangup::end);  // before the origins' threads begin
  Demo demo(ports);
  conf::Problems problems;
  auto snapshot = compiled(parse_config(demo.config(), "demo.yaml", problems), problems);
  if (!snapshot) return fail("the demo's configuration is wrong:\n" + problems.text());
  return serve(signals, std::move(snapshot), {}, [&](const Server& server) {
    fmt::print("The demo's configuration:\n\n{}\nTry, from another terminal:\n{}Ctrl-C ends the demo.\n\n",
               demo.config(), demo.guide(server.addresses(), *server.admin_address()));
    std::fflush(stdout);
  });
} catch (const ListenError& error) {
  return fail(fmt::format("{}; choose other ports with --port, --tls-port and --admin-port", error.what()));
} catch (const StartError& error) {
  return fail(error.what());
} catch (const std::exception& error) {
  return fail(fmt::format("cannot start: {}", error.what()));
}

int version() {
  fmt::print("sluice {}\n", SLUICE_VERSION);
  return 0;
}

}  // namespace sluice::runtime
