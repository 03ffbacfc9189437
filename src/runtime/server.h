// The running gateway: control thread, workers, admin, and their beginning and end.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/backend.h"
#include "net/socket_file.h"
#include "proxy/connection_count.h"
#include "runtime/admin.h"
#include "runtime/control.h"
#include "runtime/descriptors.h"
#include "runtime/embedded_server.h"
#include "runtime/file_watch.h"
#include "runtime/reloader.h"
#include "runtime/snapshot.h"
#include "runtime/worker.h"
#include "telemetry/access_log.h"
#include "telemetry/exposition.h"
#include "telemetry/shard.h"

namespace sluice::runtime {

/// Why the gateway could not start, as one line for a person.
class StartError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An address that cannot be listened on.
class ListenError : public StartError {
 public:
  using StartError::StartError;
};

/// What a shutdown left behind.
struct DrainReport {
  std::size_t cut = 0;  ///< Client connections that were broken off.
  bool stuck = false;   ///< Something did not end even then: the process can only be left as it is.
};

/// One a process. All calls from the control thread.
class Server {
 public:
  /// Where the configuration comes from.
  struct Source {
    /// Reads it again for a reload, and says what it was read from. Empty: there are no reloads.
    std::function<std::optional<Config>(conf::Problems&, conf::Sources&)> load{};
    conf::Sources read{};               ///< What this one was read from.
    Reloader::Busy busy = [](bool) {};  ///< Told of each reload.
  };

  /// Binds every address, starts every thread, resolves upstreams, accepts. Throws StartError, or
  /// std::exception where the kernel refuses; then nothing runs.
  Server(std::shared_ptr<const Snapshot> snapshot, Source source);
  explicit Server(std::shared_ptr<const Snapshot> snapshot) : Server(std::move(snapshot), Source()) {}
  ~Server();

  /// Of the configuration in force.
  Duration drain_time() const { return snapshot()->config.shutdown.drain; }

  /// Whether every event loop that serves has answered within this time.
  bool answers_within(Duration at_most);

  /// Begins a reload for whom the text names; what becomes of it is in the log. Needs `load`.
  void reload(std::string by) { reloader_->ask(std::move(by)); }

  /// Readiness off; for `shutdown.grace` serves on and tells every client that its connection ends; then
  /// accepts no more, lets exchanges end until `shutdown.drain` has passed since the begin, and cuts what is
  /// left.
  DrainReport shutdown();

  /// Opens the access log's file anew, after a rotation.
  void reopen_logs() { access_log_->reopen(); }

  /// What the configuration may need, and what there is.
  const DescriptorNeeds& descriptor_needs() const noexcept { return descriptor_needs_; }
  std::uint64_t descriptor_limit() const noexcept { return descriptor_limit_; }
  /// Client connections that may be open at a time for want of descriptors for more.
  std::uint64_t most_clients() const noexcept { return most_clients_; }

  unsigned workers() const noexcept { return static_cast<unsigned>(workers_.size()); }
  net::Backend backend() const noexcept { return backend_; }
  /// Why io_uring is not used where `event_loop: auto` would prefer it; else empty.
  const std::string& backend_reason() const noexcept { return backend_reason_; }
  /// The addresses that were listened on at the start, in the order of the configuration; ports that were 0
  /// are set.
  const std::vector<net::Address>& addresses() const noexcept { return addresses_; }
  /// Null where there is none.
  const net::Address* admin_address() const noexcept { return admin_ ? &admin_->address() : nullptr; }

 private:
  /// An address that is listened on, and its sockets until the workers have them.
  struct Listening {
    std::string place;  // see place_of()
    net::Address address;
    std::vector<net::ListenSocket> sockets;  // one a worker
    net::SocketFile file;
  };
  using Listenings = std::vector<Listening>;

  static Listenings::iterator find(Listenings& listening, const ListenerConfig& listener);
  std::shared_ptr<const Snapshot> snapshot() const;
  void choose_backend();
  void share_descriptors(unsigned workers);
  Listenings bind(const Snapshot& snapshot, unsigned workers);
  void start_workers(unsigned count);
  void start_admin();
  void watch_memory();
  bool drained() const noexcept;

  // server_reload.cc
  std::optional<Config> load_again(conf::Problems& problems);
  std::optional<Changes> apply(Config config, conf::Problems& problems);
  void follow_files(const Snapshot& in_force);
  bool has_descriptors_for(const Snapshot& next, conf::Problems& problems) const;
  Listenings bind_new(const Snapshot& next, conf::Problems& problems);
  std::string own_holder_of(const ListenerConfig& listener) const;
  void put_in_force(std::shared_ptr<const Snapshot> next, Listenings opened);
  std::vector<DoorOrder> door_orders(const Snapshot& next, Listenings& opened, unsigned worker);
  WorkerOrders orders_for(const Snapshot& next, Listenings& opened, unsigned worker);
  Listenings merge(const Snapshot& next, Listenings opened);
  void limit_connections(const Snapshot& next);

  mutable std::mutex snapshot_mutex_;         // between the admin thread and who reloads; no worker takes it
  std::shared_ptr<const Snapshot> snapshot_;  // in force
  Rng rng_{std::random_device()()};           // of who starts and reloads
  net::Backend backend_ = net::Backend::epoll;
  std::string backend_reason_;
  std::vector<net::Address> addresses_;
  const std::string via_token_;              // drawn at start
  Listenings listening_;                     // in the order of the configuration in force
  std::vector<net::SocketFile> admin_file_;  // one or none
  DescriptorNeeds descriptor_needs_;
  std::uint64_t descriptor_limit_ = 0;
  std::uint64_t most_clients_ = 0;
  std::unique_ptr<proxy::SharedConnectionCount> clients_;   // of all listeners
  std::unique_ptr<proxy::SharedConnectionCount> refusals_;  // of all listeners
  std::unique_ptr<telemetry::AccessLog> access_log_;
  std::vector<std::unique_ptr<telemetry::Shard>> shards_;
  SharedMemoryPressure memory_;
  std::uint64_t memory_ceiling_ = 0;  // bytes; 0: none
  std::unique_ptr<Control> control_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<WorkerSide> sides_;  // in force, by worker; of who starts and reloads
  std::unique_ptr<telemetry::Exposition> exposition_;
  AdminSources admin_sources_;
  AdminRights admin_rights_;
  Source source_;
  std::unique_ptr<Reloader> reloader_;  // null where there is nothing to read again
  std::unique_ptr<FileWatch> watch_;    // null while files are not watched
  std::unique_ptr<EmbeddedServer> admin_;
  std::atomic<bool> ready_{false};  // relaxed: read by /readyz alone
};

/// Event loops that this process may run at once: its CPU affinity, no more than its cgroup's quota
/// rounded up, at least 1.
unsigned available_cores();

}  // namespace sluice::runtime
