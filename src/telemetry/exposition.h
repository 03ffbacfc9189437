// What /metrics answers: the shards summed, as text.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::telemetry {

class AccessLog;
class Collector;
class Shard;

/// One endpoint, as the health checks see it.
struct EndpointState {
  std::string upstream;
  std::string endpoint;  ///< Its address.
  bool healthy = true;
};

/// The name of an endpoint.
struct NameState {
  std::string upstream;
  std::string endpoint;
  std::optional<double> age{};  ///< Seconds since its addresses were answered last; unset: never yet.
  bool failing = false;         ///< It does not resolve now.
};

/// A certificate that clients are shown.
struct CertificateState {
  std::string listener;
  std::string certificate;  ///< The path of its file.
  double not_after = 0;     ///< When it ends, in Unix time; 0: not told, as of the CA of clients.
  bool stale = false;       ///< Its files have changed, but what they hold now was refused.
};

/// The connections to one upstream, over all workers.
struct PoolState {
  std::string upstream;
  std::uint64_t active = 0;   ///< Leased to an exchange.
  std::uint64_t idle = 0;     ///< Kept for the next one.
  std::uint64_t pending = 0;  ///< Exchanges that wait for one.
  std::uint64_t opened = 0;   ///< Dialled and stood, since the start.
  std::uint64_t reused = 0;   ///< Leases that an idle one served, since the start.
};

/// The process's memory and its ceiling, in bytes.
struct MemoryState {
  std::uint64_t resident = 0;
  std::uint64_t ceiling = 0;  ///< 0: none.
  bool pressure = false;      ///< New requests are refused.
};

/// The configuration in force, and the file that it came from.
struct ConfigState {
  bool stale = false;         ///< The file is another by now and was refused.
  std::uint64_t taken = 0;    ///< Reloads that came into force.
  std::uint64_t refused = 0;  ///< Reloads that did not.
  double in_force_since = 0;  ///< Unix time.
};

/// Where an exposition reads. All of it must outlive the exposition.
struct ExpositionSources {
  std::vector<const Shard*> shards;
  const AccessLog* access_log = nullptr;  ///< May be null.
  std::function<std::vector<EndpointState>()>
      endpoints{};                                  ///< Called at each scrape, on its thread; may be empty.
  std::function<std::vector<PoolState>()> pools{};  ///< The same.
  std::function<std::vector<NameState>()> names{};  ///< The same.
  std::function<MemoryState()> memory{};            ///< The same.
  std::function<ConfigState()> config{};            ///< The same.
  std::function<std::vector<CertificateState>()> certificates{};  ///< The same.
  std::string version{};
  std::string event_loop{};  ///< Name of the backend: uring, epoll or asio.
};

/// For the admin thread; workers are not disturbed. Only series that have occurred are written, so
/// the cost follows the traffic and not the configuration.
class Exposition {
 public:
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  explicit Exposition(ExpositionSources sources);
  ~Exposition();

  /// Prometheus text format 0.0.4.
  std::string text() const;

 private:
  std::unique_ptr<Collector> collector_;
};

}  // namespace sluice::telemetry
